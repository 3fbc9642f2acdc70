// What a colour may mean. Nothing is told by colour alone: a word or a sign is with it.
export type Tone = "bad" | "warn" | "mild" | "good" | "calm" | "odd" | "none";
