// What a client says of itself, as somebody would call it. Anything can say anything.

const systems: [RegExp, string][] = [
  [/Windows/, "Windows"], [/iPhone|iPad/, "iPhone or iPad"], [/Mac OS/, "Mac"], [/Android/, "Android"], [/Linux|X11/, "Linux"],
];
const browsers: [RegExp, string][] = [
  [/Edg\//, "Edge"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"],
];

export function agentName(agent: string | undefined): string {
  if (!agent) return "A client that says nothing of itself";
  const named = (list: [RegExp, string][]) => list.find(([is]) => is.test(agent))?.[1];
  const browser = named(browsers);
  const system = named(systems);
  if (!browser) return agent;
  return system ? `${browser} on ${system}` : browser;
}
