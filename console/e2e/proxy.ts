import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { address } from "./company";

export interface Proxy {
  address: string;
  end: () => void;
}

// cutting is a proxy that loses the connection in the middle of what a path answers, as
// often as it is told to.
export function cutting(path: RegExp, times: number): Promise<Proxy> {
  let left = times;
  return proxy((at, got, answer) => {
    if (!path.test(at) || left === 0) {
      got.pipe(answer);
      return;
    }
    left -= 1;
    got.once("data", (piece: Buffer) => answer.write(piece.subarray(0, piece.length / 2), () => answer.socket?.destroy()));
  });
}

// holding is a proxy that holds back each answer until it has all of it, as one does that
// buffers.
export function holding(): Promise<Proxy> {
  return proxy((_, got, answer) => {
    const pieces: Buffer[] = [];
    got.on("data", (piece: Buffer) => pieces.push(piece));
    got.on("end", () => answer.end(Buffer.concat(pieces)));
  });
}

// through is what browser contexts need to go through a proxy, also on this machine.
export function through(by: Proxy): { proxy: { server: string; bypass: string } } {
  return { proxy: { server: by.address, bypass: "<-loopback>" } };
}

async function proxy(pass: (path: string, got: IncomingMessage, answer: ServerResponse) => void): Promise<Proxy> {
  const server = createServer((asked, answer) => {
    const to = new URL(asked.url ?? "/", address);
    const onward = request({ host: "127.0.0.1", port: to.port, path: to.pathname + to.search, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      pass(to.pathname, got, answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy()); // the browser has gone
    asked.pipe(onward);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end: () => { server.closeAllConnections(); server.close(); } };
}
