// What can happen to a finding, as its history says it.
export const happened: Record<string, string> = {
  opened: "Found", changed: "What it says changed", accepted: "Risk accepted", reopened: "Opened again", assigned: "Given an owner", resolved: "Resolved",
};
