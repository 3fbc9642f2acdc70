import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { ChartFrame, chartColor, chartStyle } from "./ChartFrame";
import type { Tone } from "./tone";

interface ColumnsProps {
  name: string;
  groups: { key: string; label: string }[];
  series: { key: string; label: string; tone: Tone }[];
  value: (group: string, series: string) => number;
}

// Columns are counts in groups, stacked by series. The same numbers are a table for
// whoever does not see the picture.
export function Columns({ name, groups, series, value }: ColumnsProps) {
  const data = groups.map((g) => Object.fromEntries([["label", g.label], ...series.map((s) => [s.key, value(g.key, s.key)])]));
  return (
    <ChartFrame name={name} series={series} head="" rows={groups.map((g) => ({ label: g.label, values: series.map((s) => value(g.key, s.key)) }))}>
      <ResponsiveContainer width="100%" height={190} initialDimension={{ width: 400, height: 190 }}>
        <BarChart data={data} margin={{ top: 8, right: 4, bottom: 0, left: -14 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="label" tickLine={false} axisLine={{ stroke: "var(--line-strong)" }} tick={chartStyle.tick} />
          <YAxis allowDecimals={false} tickLine={false} axisLine={false} tick={chartStyle.tick} width={48} />
          <Tooltip cursor={{ fill: "var(--hover)" }} contentStyle={chartStyle.tip} isAnimationActive={false} />
          {series.map((s) => <Bar key={s.key} dataKey={s.key} name={s.label} stackId="all" fill={chartColor(s.tone)} isAnimationActive={false} maxBarSize={54} />)}
        </BarChart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}
