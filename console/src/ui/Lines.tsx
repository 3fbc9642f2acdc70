import { CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { ChartFrame, chartColor, chartStyle } from "./ChartFrame";
import type { Tone } from "./tone";

interface LinesProps {
  name: string;
  days: string[];
  series: { key: string; label: string; tone: Tone }[];
  value: (day: string, series: string) => number;
}

const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

// Lines are counts over days, which stand as far apart as they are: not every day was
// measured. One day alone is a dot for each series.
export function Lines({ name, days, series, value }: LinesProps) {
  const label = (day: string | number) => short.format(new Date(day));
  const data = days.map((day) => Object.fromEntries([["at", Date.parse(day)], ...series.map((s) => [s.key, value(day, s.key)])]));
  return (
    <ChartFrame name={name} series={series} head="Day" rows={days.map((day) => ({ label: label(day), values: series.map((s) => value(day, s.key)) }))}>
      <ResponsiveContainer width="100%" height={190} initialDimension={{ width: 400, height: 190 }}>
        <LineChart data={data} margin={{ top: 8, right: 12, bottom: 0, left: -14 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="at" {...(days.length > 1 && { type: "number", scale: "time", domain: ["dataMin", "dataMax"] })} tickFormatter={label} tickLine={false} axisLine={{ stroke: "var(--line-strong)" }} tick={chartStyle.tick} minTickGap={28} />
          <YAxis allowDecimals={false} tickLine={false} axisLine={false} tick={chartStyle.tick} width={48} domain={[0, "auto"]} />
          <Tooltip labelFormatter={(at) => label(Number(at))} contentStyle={chartStyle.tip} isAnimationActive={false} />
          {series.map((s) => (
            <Line key={s.key} dataKey={s.key} name={s.label} stroke={chartColor(s.tone)} strokeWidth={2} isAnimationActive={false} dot={days.length < 15 ? { r: 3, fill: chartColor(s.tone), strokeWidth: 0 } : false} />
          ))}
        </LineChart>
      </ResponsiveContainer>
    </ChartFrame>
  );
}
