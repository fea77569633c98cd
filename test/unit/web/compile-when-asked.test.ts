/** What fastify would find at its start, since nothing is compiled there. */
import { expect, it } from 'vitest';
import { compileAnswered, compileAsked } from '../../../appliance/web/compile-when-asked.ts';
import { routes } from '../../../appliance/web/routes.ts';

it.each(routes)('the schemas of $url compile', ({ method = 'GET', url, params, query, body, answer }) => {
  const asked = Object.entries({ params, querystring: query, body });
  const compile = () => [
    ...asked.flatMap(([httpPart, schema]) => schema && compileAsked({ method, url, httpPart, schema })),
    answer && compileAnswered({ method, url, httpStatus: '2xx', schema: answer }),
  ];
  expect(compile).not.toThrow();
});
