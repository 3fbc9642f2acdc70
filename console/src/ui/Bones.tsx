import css from "./ui.module.css";

// Bones hold the place of what is still coming.
export function Bones({ lines = 4, height = 14 }: { lines?: number; height?: number }) {
  return (
    <div role="status" aria-label="Loading" style={{ display: "grid", gap: 12, padding: "0.4rem 0" }}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={css.bone} style={{ height, width: `${[92, 78, 85, 64, 71][i % 5]}%` }} />
      ))}
    </div>
  );
}
