import { fillDeviceDisk } from "./device-steps.ts";
import { fillServiceDisk } from "./service-steps.ts";

// The program in the sandbox. Arguments: a folder for disks, whose they are, and how many bytes are left free, one round each.
const [folder = "", whose, ...levels] = process.argv.slice(2);
const fillDisk = whose === "service" ? fillServiceDisk : fillDeviceDisk;
process.stdout.write(`${JSON.stringify(await fillDisk(folder, levels.map(Number)))}\n`);
process.exit(0);
