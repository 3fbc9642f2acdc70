// Each worker has a server with a company of its own: address is that of this one's.
export const address = (process.env.E2E_URLS ?? "").split(" ")[Number(process.env.TEST_PARALLEL_INDEX ?? 0)] ?? "";
