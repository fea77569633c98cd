/**
 * Schemas of routes by fastify's own compilers, each compiled when its route is first asked: compiling all of them is half of the page's
 * start, and most are asked by nobody that day.
 */
import ajvCompiler from '@fastify/ajv-compiler';
import serializerCompiler from '@fastify/fast-json-stringify-compiler';
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';

type Schema = Parameters<Parameters<FastifyInstance['setValidatorCompiler']>[0]>[0];
type Validate = ReturnType<FastifySchemaCompiler<unknown>>;

// Unknown query keys are refused, not dropped.
export const compileAsked = ajvCompiler()({}, { customOptions: { removeAdditional: false } }) as unknown as (
  route: Schema,
) => Validate;
export const compileAnswered = serializerCompiler()({}, {});

export function compileWhenAsked(server: FastifyInstance): void {
  server.setValidatorCompiler((route) => {
    let made: Validate | undefined;
    const validate: Validate = (asked: unknown) => {
      made ??= compileAsked(route);
      const result = made(asked);
      validate.errors = made.errors ?? null;
      return result;
    };
    return validate;
  });
  server.setSerializerCompiler((route) => {
    let made: ((answer: unknown) => string) | undefined;
    return (answer) => (made ??= compileAnswered({ httpStatus: '', ...route }))(answer);
  });
}
