import type { Constitution, Role } from "./constitution.ts";
import type { OperationBody } from "./operation.ts";

/** Whether a role may write lasting records. */
export function maySend(role: Role): boolean {
  return role !== "reader";
}

/** Whether a role may close a chapter. What it changes is judged operation by operation. */
export function mayCommit(role: Role): boolean {
  return role !== "reader" && role !== "guest";
}

const belowAdmin: readonly Role[] = ["member", "reader", "guest"];

/** Whether a member with this role may sign this operation, leaving aside whose account it is about. */
export function mayOperate(constitution: Constitution, role: Role, body: OperationBody): boolean {
  const roleOf = (handle: string): Role | undefined =>
    constitution.members.find((member) => member.handle === handle)?.role;
  switch (body.kind) {
    case "addMember":
      return role === "owner" || (role === "admin" && belowAdmin.includes(body.role));
    case "setRole":
      return (
        role === "owner" ||
        (role === "admin" && belowAdmin.includes(body.role) && belowAdmin.includes(roleOf(body.handle) ?? "owner"))
      );
    case "removeMember":
      return role === "owner" || (role === "admin" && belowAdmin.includes(roleOf(body.handle) ?? "owner"));
    case "setPolicy":
      return role === "owner";
    case "setDevices":
      return mayCommit(role);
    case "leave":
      return false;
  }
}

/** Operations that need as many accounts as the policy says. */
export function needsApprovals(body: OperationBody): boolean {
  return body.kind !== "leave" && body.kind !== "setDevices";
}
