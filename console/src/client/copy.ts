// copied puts something on the clipboard without its being shown, and returns what to say of
// that.
export async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied. It stays on the clipboard until you copy something else.";
  } catch {
    return "This browser did not let it be copied: show it instead.";
  }
}
