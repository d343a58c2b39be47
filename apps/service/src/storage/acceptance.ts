/** One promise that every adapter of a port keeps. Adapters' tests run them all; `hold` rejects when the promise is broken. */
export interface Acceptance<Port> {
  readonly promise: string;
  hold(port: Port): Promise<void>;
}
