import { Steps } from "../../ui/Steps";

// The steps from a system's name to its being read, in the order in which they are
// taken. Their names are in the address.
export const steps = [
  { id: "what", name: "What it is" }, { id: "who", name: "Who answers" }, { id: "test", name: "Test the connection" }, { id: "dry-run", name: "Dry run" },
  { id: "accounts", name: "Whose accounts" }, { id: "tiers", name: "What is privileged" }, { id: "schedule", name: "Schedule" }, { id: "activate", name: "Activate" },
] as const;

export type Step = (typeof steps)[number]["id"];

export function Flow({ at, onGo }: { at: number; onGo?: (step: Step) => void }) {
  return <Steps names={steps.map((s) => s.name)} at={at} onGo={onGo && ((i) => onGo(steps[i]!.id))} />;
}
