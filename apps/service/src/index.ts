export type { Clock } from "./clock.ts";
export { createService, type Service, type ServiceOptions } from "./service.ts";
export { defaultServiceLimits, type Quota, type Rate, type ServiceLimits } from "./service-limits.ts";
