// clearButton is the button that empties a field: Mantine hides its own from the keyboard
// and from screen readers.
export function clearButton(label: string) {
  return { "aria-label": `Clear ${label.toLowerCase()}`, "aria-hidden": false, tabIndex: 0 } as const;
}
