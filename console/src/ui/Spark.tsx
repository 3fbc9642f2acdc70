import css from "./chart.module.css";

const width = 96;
const height = 24;

// Spark is how a share moved, without numbers: they are said beside it. One value alone
// is a dot.
export function Spark({ shares }: { shares: number[] }) {
  const at = (share: number, i: number) => [
    shares.length === 1 ? width - 3 : 3 + (i * (width - 6)) / (shares.length - 1), height - 3 - share * (height - 6),
  ] as const;
  const spots = shares.map(at);
  const last = spots[spots.length - 1];
  return (
    <svg className={css.spark} viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      <line x1="0" x2={width} y1={height - 1} y2={height - 1} className={css.sparkGround} />
      {spots.length > 1 && <polyline points={spots.map((s) => s.join(",")).join(" ")} className={css.sparkLine} />}
      {last && <circle cx={last[0]} cy={last[1]} r="2.5" className={css.sparkDot} />}
    </svg>
  );
}
