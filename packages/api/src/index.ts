export { type Contract } from './contract.ts';
export { ApiError, apiErrorStatus, type ApiErrorCode } from './errors.ts';
export { openApiDocument } from './openapi.ts';
export { routes, type Access, type Route, type RouteId } from './routes.ts';
export { problemSchema, streamQuery } from './schemas.ts';
export type * from './types.ts';
