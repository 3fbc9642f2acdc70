import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Cutting {
  address: string;
  end: () => void;
}

// cutting is a proxy that loses the connection in the middle of what a path answers, as
// often as it is told to.
export async function cutting(path: RegExp, times: number): Promise<Cutting> {
  let left = times;
  const server = createServer((asked, answer) => {
    const to = new URL(asked.url ?? "/", process.env.WRIT_URL);
    const onward = request({ host: "127.0.0.1", port: to.port, path: to.pathname + to.search, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      if (!path.test(to.pathname) || left === 0) {
        got.pipe(answer);
        return;
      }
      left -= 1;
      got.once("data", (piece: Buffer) => answer.write(piece.subarray(0, piece.length / 2), () => answer.socket?.destroy()));
    });
    onward.on("error", () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end: () => { server.closeAllConnections(); server.close(); } };
}
