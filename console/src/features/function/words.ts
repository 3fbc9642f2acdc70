const names: Record<string, string> = {
  iam: "IAM",
  security_operations: "Security operations",
  platform_owner: "Platform owner",
  audit: "Audit",
};

export function functionName(f: string | undefined): string {
  return f ? (names[f] ?? f) : "–";
}

interface Held {
  function: string;
}

export function functionNames(list: Held[] | null | undefined): string {
  const different = [...new Set((list ?? []).map((each) => functionName(each.function)))];
  return different.length > 0 ? different.join(", ") : "Everyday access";
}

export const functionChoices = Object.entries(names).map(([value, label]) => ({ value, label }));
