import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Daemon, freePort, listensOn } from "../programs/daemon.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure, runQuietly, together } from "../programs/program.ts";
import type { Workplace } from "../run/workplace.ts";
import { type Carrier, timedSync } from "./carrier.ts";

/** An sshd on loopback with keys and configuration of its own, and how to reach it. */
interface OwnSshd {
  readonly config: string;
}

/** Up and down over SSH: `scp`, and for folders `tar` through `ssh`. None when SSH is not here. */
export async function startSshCarriers(place: Workplace): Promise<readonly Carrier[]> {
  if (!isHere(peers.ssh) || !isHere(peers.sshd)) return [];
  const { config } = await startSshd(place);
  const serverCopy = place.path("server-copy");
  const scp = ["scp", "-F", config, "-q", "-r"];
  const ssh = `ssh -F '${config}' bench`;
  return [
    {
      name: "scp up, sync, scp down",
      syncs: false,
      carry: async (load, target) => {
        const up = await measure([...scp, load.path, `bench:${serverCopy}`]);
        const sync = timedSync(load, serverCopy);
        const down = await measure([...scp, `bench:${serverCopy}`, target]);
        return { kind: "stored", up: together(up, sync), down, serverCopy };
      },
    },
    {
      name: "tar through ssh, sync, and back",
      syncs: false,
      carry: async (load, target) => {
        mkdirSync(serverCopy);
        mkdirSync(target);
        const up = await measure(["sh", "-c", `tar -C '${load.path}' -cf - . | ${ssh} tar -C '${serverCopy}' -xf -`]);
        const sync = timedSync(load, serverCopy);
        const down = await measure(["sh", "-c", `${ssh} tar -C '${serverCopy}' -cf - . | tar -C '${target}' -xf -`]);
        return { kind: "stored", up: together(up, sync), down, serverCopy };
      },
    },
  ];
}

async function startSshd(place: Workplace): Promise<OwnSshd> {
  const port = await freePort();
  const file = (name: string): string => place.path("ssh", name);
  mkdirSync(place.path("ssh"), { mode: 0o700 });
  for (const key of ["host", "person"])
    runQuietly(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", file(key)]);
  const server = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${file("host")}`,
    `AuthorizedKeysFile ${file("person.pub")}`,
    `PidFile ${file("pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
  ];
  writeFileSync(file("sshd_config"), `${server.join("\n")}\n`);
  const client = [
    "Host bench",
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    `  User ${userInfo().username}`,
    `  IdentityFile ${file("person")}`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile ${file("known")}`,
    "  StrictHostKeyChecking accept-new",
    "  LogLevel ERROR",
  ];
  writeFileSync(file("config"), `${client.join("\n")}\n`);
  // As root, sshd wants the folder of its unprivileged side, which its service would have made.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const program = runQuietly(["sh", "-c", "command -v sshd"]).trim();
  place.keep(await Daemon.start([program, "-D", "-e", "-f", file("sshd_config")], () => listensOn(port)));
  return { config: file("config") };
}
