/** The responder half of npm net-snmp, which only tests use. */
import 'net-snmp';

declare module 'net-snmp' {
  export interface ColumnDefinition {
    number: number;
    name: string;
    type: number;
    maxAccess: number;
  }
  export interface Mib {
    registerProvider(definition: {
      name: string;
      type: number;
      oid: string;
      scalarType?: number;
      maxAccess?: number;
      tableColumns?: ColumnDefinition[];
      tableIndex?: { columnName: string }[];
    }): void;
    setScalarValue(name: string, value: number | string | Buffer): void;
    addTableRow(name: string, row: (number | string | Buffer)[]): void;
  }
  export interface Agent {
    getMib(): Mib;
    getAuthorizer(): { addCommunity(name: string): void; addUser(user: User): void };
    close(callback: () => void): void;
  }
  export function createAgent(
    options: { port: number; address: string; accessControlModelType?: number },
    callback: (error: Error | null) => void,
  ): Agent;
  export const MibProviderType: Readonly<Record<'Scalar' | 'Table', number>>;
  export const MaxAccess: Readonly<Record<'not-accessible' | 'read-only', number>>;
  export const AccessControlModelType: Readonly<Record<'None', number>>;
}
