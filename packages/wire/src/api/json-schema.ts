import * as z from "zod/mini";

/** JSON Schema (2020-12) of one of the schemas in `control.ts`: what the service publishes of them. */
export function jsonSchemaOf(schema: z.core.$ZodType): object {
  return z.toJSONSchema(schema);
}
