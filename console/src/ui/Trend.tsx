import { Area, AreaChart, CartesianGrid, Line, ResponsiveContainer, Tooltip, XAxis, YAxis, ComposedChart } from "recharts";
import { ChartFrame, chartColor, chartStyle } from "./ChartFrame";
import type { Tone } from "./tone";

interface TrendProps {
  name: string;
  points: { label: string; values: number[] }[];
  series: { key: string; label: string; tone: Tone }[];
  stacked?: boolean;
  unit?: string;
}

// Trend is how numbers went over time.
export function Trend({ name, points, series, stacked, unit }: TrendProps) {
  const data = points.map((p) => Object.fromEntries([["label", p.label], ...series.map((s, i) => [s.key, p.values[i] ?? 0])]));
  const Chart = stacked ? AreaChart : ComposedChart;
  return (
    <ChartFrame name={name} series={series} head="Day" rows={points}>
      <ResponsiveContainer width="100%" height={190} initialDimension={{ width: 400, height: 190 }}>
        <Chart data={data} margin={{ top: 8, right: 8, bottom: 0, left: -14 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="label" tickLine={false} axisLine={{ stroke: "var(--line-strong)" }} tick={chartStyle.tick} minTickGap={40} />
          <YAxis tickLine={false} axisLine={false} tick={chartStyle.tick} width={48} unit={unit} allowDecimals={false} />
          <Tooltip contentStyle={chartStyle.tip} isAnimationActive={false} />
          {series.map((s) => (stacked
            ? <Area key={s.key} dataKey={s.key} name={s.label} stackId="all" stroke={chartColor(s.tone)} fill={chartColor(s.tone)} fillOpacity={0.25} isAnimationActive={false} />
            : <Line key={s.key} dataKey={s.key} name={s.label} stroke={chartColor(s.tone)} strokeWidth={2} dot={points.length < 3} isAnimationActive={false} />))}
        </Chart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}
