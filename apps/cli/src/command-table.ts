/** Everything that can be typed. Parsing, help texts and the check of docs/cli.md all follow from these two tables. */

export interface OptionSpec {
  readonly short?: string;
  /** What stands for the value in help texts; absent on switches. */
  readonly value?: string;
  readonly many?: true;
}

export const optionTable = {
  json: {},
  home: { value: "DIR" },
  help: { short: "h" },
  version: {},
  service: { value: "URL" },
  device: { value: "NAME" },
  passphrase: { short: "p" },
  "passphrase-file": { value: "FILE" },
  to: { value: "HANDLE[,HANDLE]", many: true },
  note: { value: "TEXT" },
  expires: { value: "DAYS" },
  name: { value: "NAME" },
  out: { short: "o", value: "PATH" },
  from: { value: "HANDLE" },
  watch: {},
  with: { value: "HANDLE[,HANDLE]", many: true },
  role: { value: "ROLE" },
  follow: {},
  history: { value: "RULE" },
  file: { value: "PATH" },
  pq: {},
  recipient: { short: "r", value: "AGE_RECIPIENT", many: true },
  identity: { short: "i", value: "IDENTITY_FILE", many: true },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type OptionName = keyof typeof optionTable;

export interface CommandSpec {
  /** One line for the overview. */
  readonly summary: string;
  /** What follows `bulla NAME`. */
  readonly usage: string;
  readonly details: string;
  /** Names of the words that follow the command; the last may repeat when `manyWords`. */
  readonly words: readonly string[];
  readonly manyWords?: true;
  /** What each option means here; `json`, `home` and `help` go with every command. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>;
}

const unlocking =
  "A locked device asks for its passphrase on the terminal, or takes it from the file that BULLA_PASSPHRASE_FILE names.";

const spaceWord = "SPACE is a group's name, a person's handle, or the first digits of an id.";

export const commandTable = {
  init: {
    summary: "make this machine a device of an account",
    usage: "HANDLE --service URL [--device NAME] [--passphrase | --passphrase-file FILE]",
    details:
      "Makes the keys of a new account here and announces it at the service. HANDLE is name or name@host.\nAn init that was interrupted is finished by the same command.",
    words: ["HANDLE"],
    options: {
      service: "the service that is to be home to the account, such as https://bulla.example",
      device: "what this device is called (default: the machine's name)",
      passphrase: "lock the keys of this device; asks twice",
      "passphrase-file": "lock them with the first line of FILE",
    },
  },
  whoami: {
    summary: "show which account and device this is",
    usage: "",
    details: "Reads one public file; needs no service and no passphrase.",
    words: [],
    options: {},
  },
  devices: {
    summary: "list the devices of the own account",
    usage: "",
    details: `They come from the account's own signed chain.\n${unlocking}`,
    words: [],
    options: {},
  },
  contacts: {
    summary: "list the people this device knows",
    usage: "",
    details: `Each is accepted, waiting or blocked.\n${unlocking}`,
    words: [],
    options: {},
  },
  "contacts accept": {
    summary: "let in a person who waits",
    usage: "HANDLE",
    details: "What they sent comes with the next bulla receive.",
    words: ["HANDLE"],
    options: {},
  },
  "contacts block": {
    summary: "take nothing more from a person",
    usage: "HANDLE",
    details: "Files that are here already stay.",
    words: ["HANDLE"],
    options: {},
  },
  "contacts unblock": {
    summary: "undo a block",
    usage: "HANDLE",
    details: "The person may write again.",
    words: ["HANDLE"],
    options: {},
  },
  send: {
    summary: "send files and folders to people",
    usage: "PATH... --to HANDLE[,HANDLE] [--note TEXT] [--expires DAYS] [--name NAME]",
    details:
      "Everything is sealed here before it leaves. When the service cannot be reached the transfer is queued (exit 5) and\ngoes out with any later command; leave the files where they are until then. A killed send goes on when the same\ncommand is given again. PATH - is standard input, kept sealed on disk until it is sent.",
    words: ["PATH"],
    manyWords: true,
    options: {
      to: "who gets it; name is somebody of the own service, name@host anybody",
      note: "a sealed word that comes with the files",
      expires: "days that the service keeps it, 1 to 365 (default: 30)",
      name: "file name of standard input (default: stdin)",
    },
  },
  receive: {
    summary: "take in what was sent to this account",
    usage: "[--out DIR] [--from HANDLE] [--watch]",
    details:
      "Writes verified files under their names and never over another: name.txt becomes name (1).txt.\nA first contact from the own service, or from whom --from names, is accepted and shown as such; others wait for\nbulla contacts accept. With --watch all first contacts wait.",
    words: [],
    options: {
      out: "folder for the files, made when absent (default: this one)",
      from: "take only what this person sent",
      watch: "stay, and take in whatever comes until Ctrl-C",
    },
  },
  "space create": {
    summary: "found a group",
    usage: "NAME [--with HANDLE[,HANDLE]]",
    details: "This account is its owner; everybody it is founded with is a member.",
    words: ["NAME"],
    options: { with: "who is in it from the start" },
  },
  "space list": {
    summary: "list the conversations of this account",
    usage: "",
    details:
      "Groups by their names, conversations with one person by their handles. Takes in invitations of the own service.",
    words: [],
    options: {},
  },
  "space show": {
    summary: "show who is in a conversation",
    usage: "SPACE",
    details: spaceWord,
    words: ["SPACE"],
    options: {},
  },
  "space add": {
    summary: "let people into a group",
    usage: "SPACE HANDLE... [--role ROLE]",
    details: `All of them come in at once, and read from then on. ${spaceWord}`,
    words: ["SPACE", "HANDLE"],
    manyWords: true,
    options: { role: "owner, admin, member, reader or guest (default: member)" },
  },
  "space remove": {
    summary: "take people out of a group",
    usage: "SPACE HANDLE...",
    details: "What is said afterwards they cannot read. What they read before, they have.",
    words: ["SPACE", "HANDLE"],
    manyWords: true,
    options: {},
  },
  "space role": {
    summary: "change what a member may do",
    usage: "SPACE HANDLE ROLE",
    details:
      "owner: everything. admin: adds and removes members. member: writes. reader: reads. guest: writes, and changes\nnothing. Ownership is handed over by making somebody else an owner, then oneself something else.",
    words: ["SPACE", "HANDLE", "ROLE"],
    options: {},
  },
  "space policy": {
    summary: "change the rules of a group",
    usage: "SPACE --history RULE",
    details: "Owners may. What somebody could read already stays readable to them.",
    words: ["SPACE"],
    options: { history: "what newcomers may read: all (that was said), or now (what is said from then on)" },
  },
  "space rename": {
    summary: "give a group another name",
    usage: "SPACE NAME",
    details: "Owners and admins may.",
    words: ["SPACE", "NAME"],
    options: {},
  },
  "space leave": {
    summary: "leave a group",
    usage: "SPACE",
    details:
      "Another member's device takes this account out at its next occasion. The last owner makes somebody else one first.",
    words: ["SPACE"],
    options: {},
  },
  message: {
    summary: "say something to a person or a group",
    usage: "SPACE|HANDLE TEXT",
    details: `TEXT may use Markdown. When the service cannot be reached it is queued (exit 5). ${spaceWord}`,
    words: ["SPACE", "TEXT"],
    manyWords: true,
    options: {},
  },
  read: {
    summary: "show a conversation",
    usage: "SPACE|HANDLE [--follow]",
    details: spaceWord,
    words: ["SPACE"],
    options: { follow: "stay, and show what comes until Ctrl-C" },
  },
  sent: {
    summary: "list what this device sent, and what became of it",
    usage: "",
    details: "Newest first: queued, sent, delivered, received, refused or expired.",
    words: [],
    options: {},
  },
  "receipt show": {
    summary: "show the receipt of a transfer, or save it",
    usage: "TRANSFER [-o FILE]",
    details: "A receipt is signed by the device that holds exactly these files.",
    words: ["TRANSFER"],
    options: { out: "write the receipt to this file, to be verified anywhere" },
  },
  "receipt verify": {
    summary: "check a receipt file, without any service",
    usage: "FILE [--file PATH]",
    details:
      "Checks signature, device and identity chain. When this machine's device has met the recipient, the chain must\nalso be the one that was seen then; otherwise compare the fingerprint with the person.",
    words: ["FILE"],
    options: { file: "require that the receipt speaks of exactly this file's bytes" },
  },
  keygen: {
    summary: "make a key pair for age files",
    usage: "[--pq] [-o FILE]",
    details: "Prints an identity file as the age tool reads it. Keep it secret; the public key may be shown to anyone.",
    words: [],
    options: {
      pq: "post-quantum keys; not every age tool reads them yet",
      out: "write to this file, readable by its owner only",
    },
  },
  seal: {
    summary: "seal a file for somebody without an account (age)",
    usage: "PATH (-r AGE_RECIPIENT... | -p | --passphrase-file FILE) [-o OUT]",
    details:
      "Writes an age v1 file, which every age tool opens. PATH - is standard input and OUT - standard output.\nNothing is overwritten. For a folder use tar: tar c FOLDER | bulla seal - -r age1... -o FOLDER.tar.age",
    words: ["PATH"],
    options: {
      recipient: "public key age1...; give one -r for each",
      passphrase: "seal under a passphrase; asks twice",
      "passphrase-file": "seal under the first line of FILE",
      out: "where to write (default: PATH.age)",
    },
  },
  open: {
    summary: "open an age file",
    usage: "PATH (-i IDENTITY_FILE | -p | --passphrase-file FILE) [-o OUT]",
    details:
      "Writes nothing unless the whole file is right. Nothing is overwritten. PATH - is standard input and OUT -\nstandard output, but not both at once: a file must be seen whole before any of it is shown.",
    words: ["PATH"],
    options: {
      identity: "file that holds the secret keys",
      passphrase: "the file is under a passphrase; asks for it",
      "passphrase-file": "the file is under the first line of FILE",
      out: "where to write (default: PATH without .age)",
    },
  },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type CommandName = keyof typeof commandTable;

export const commandNames = Object.keys(commandTable) as readonly CommandName[];

/** What goes with every command. */
export const everywhere = {
  json: "results as one JSON object per line",
  home: "the device's folder (default: BULLA_HOME, else bulla/device below the XDG data home)",
  help: "this text",
} as const satisfies Readonly<Partial<Record<OptionName, string>>>;

/** Programs that bin/bulla starts instead of this one when they are the first word. */
export const servicePrograms: Readonly<Record<string, string>> = { serve: "run a service" };

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commandTable, text);
}

export function isOptionName(text: string): text is OptionName {
  return Object.hasOwn(optionTable, text);
}

export function commandSpec(name: CommandName): CommandSpec {
  return commandTable[name];
}

export function optionSpec(name: OptionName): OptionSpec {
  return optionTable[name];
}
