import { said } from "../access/words";

// actorName is who acted where it was no identity: a part of Writ, or whoever runs it.
export function actorName(actor: string): string {
  return /^operator(:\d+)?$/.test(actor) ? "Operator of the node" : said(actor);
}
