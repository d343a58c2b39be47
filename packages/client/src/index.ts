export { isSpaceName } from "@bulla/content";
export type {
  Client,
  ContactView,
  DeviceView,
  FileView,
  LineView,
  Progress,
  ReceiptView,
  ReceivedView,
  ReceiveRequest,
  SendRequest,
  SendSource,
  SentView,
  SpaceView,
  TransferState,
  WorkOptions,
} from "./client.ts";
export type {
  Clock,
  Connection,
  Files,
  Incoming,
  Scan,
  ScannedFile,
  Store,
  StoreEntry,
  StoreTransaction,
  Transport,
  TransportAnswer,
  TransportRequest,
} from "./ports.ts";
export { discoverService } from "./service/discover-service.ts";
export { createServiceClient, type ServiceClient, type Ticket } from "./service/service-client.ts";
export { type ConnectionState, StreamConnection } from "./service/stream-connection.ts";
export { assertPlace, assertPlacePrefix } from "./store/place.ts";
export { createSealedStore, type SealedStorePrimitives, type StoreKey } from "./store/sealed-store.ts";
export { numberedFolder, numberedName, safeRelativePath } from "./transfer-names/safe-path.ts";
