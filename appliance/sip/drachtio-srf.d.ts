/** What we use of drachtio-srf beside its front door; its own types know none of it. */
declare module 'drachtio-srf/lib/connect.js' {
  import type { EventEmitter } from 'node:events';

  const library: {
    readonly Request: new () => EventEmitter;
    readonly Response: new (agent: object) => EventEmitter;
  };
  export default library;
}

declare module 'drachtio-srf/lib/sip-parser/message.js' {
  const SipMessage: new () => object;
  export default SipMessage;
}
