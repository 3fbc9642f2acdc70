// Where somebody goes once they are in: only ever a page of this console.
export function safePlace(to: unknown): string {
  if (typeof to !== "string" || !to.startsWith("/") || to.startsWith("//") || to.startsWith("/\\")) return "/";
  const url = new URL(to, location.origin);
  if (url.origin !== location.origin || url.pathname === "/signin" || url.pathname === "/welcome" || url.pathname === "/share") return "/";
  return url.pathname + url.search + url.hash;
}
