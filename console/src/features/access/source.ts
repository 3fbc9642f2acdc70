// What is known of each person, in words.
export const attributeWords: Record<string, string> = {
  "identity.unit": "Their unit", "identity.title": "Their title", "identity.employer": "Their employer", "identity.organisation": "Their organisation",
  "identity.kind": "Their kind", "identity.state": "Their state", "identity.manager": "Their manager’s number", "identity.number": "Their number",
  "identity.login": "Their login", "identity.email": "Their email", "identity.name": "Their name",
};

// ofSource begins the name of what sources alone have a word for.
export const ofSource = "identity.attributes.";

// Source is where the value of a parameter comes from: neither is as something else says.
export interface Source {
  from?: string; // an attribute
  value?: string; // everybody's
}

// isWhole reports whether a source is typed to its end.
export function isWhole(s: Source): boolean {
  return s.from === undefined || (s.from !== "" && s.from !== ofSource && s.from.trim() === s.from);
}

// sourceText says where a value comes from.
export function sourceText(s: Source): string {
  if (s.value !== undefined) return s.value;
  if (s.from?.startsWith(ofSource)) return `from ${s.from.slice(ofSource.length)}`;
  return s.from ? `from ${(attributeWords[s.from] ?? s.from).toLowerCase()}` : "as the role says";
}
