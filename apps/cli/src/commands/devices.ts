import type { Context } from "../context.ts";
import { deviceJson } from "../result-lines.ts";
import { resumeEarlier, withClient } from "../session.ts";

/** List the own account's devices. */
export async function devices(context: Context): Promise<void> {
  await withClient(context, async (client) => {
    for (const device of await client.devices()) {
      const mark = device.thisDevice ? "  this device" : "";
      context.output.result(`${device.deviceId}  ${device.state}${mark}`, deviceJson(device));
    }
    await resumeEarlier(client, context);
  });
}
