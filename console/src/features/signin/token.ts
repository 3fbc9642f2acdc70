import { said } from "../access/words";

export const groups = ["read", "operate", "write", "decide", "own"] as const;

export const groupNames: Record<string, string> = {
  read: "Read what I may see", operate: "Run syncs and act on live things", write: "Change things", decide: "Decide: accept, approve, assign",
  own: "Make my own requests and comments",
};

// actionName says a limit as people read it: finding.read is "Finding: read".
export function actionName(limit: string): string {
  const [of, does] = limit.split(".");
  return groupNames[limit] ?? (does ? `${said(of)}: ${said(does).toLowerCase()}` : said(limit));
}

// placeOf is the network of one address alone.
export function placeOf(address: string): string {
  return address.includes(":") ? `${address}/128` : `${address}/32`;
}
