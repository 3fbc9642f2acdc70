import { Alert, Button, Group } from "@mantine/core";
import { IconDeviceLaptop, IconTerminal2 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { said } from "../access/words";
import { agentName } from "./agent";
import css from "./settings.module.css";

// Signins shows every browser and program in which somebody is known, and ends any of
// them at once.
export function Signins() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ["signins"], queryFn: () => ask(api.GET("/v1/signins")) });
  const others = (list.data?.items ?? []).filter((s) => !s.current).map((s) => s.id);
  const end = useMutation({
    mutationFn: (ids: string[]) => Promise.all(ids.map((id) => ask(api.DELETE("/v1/signins/{id}", { params: { path: { id } } })))),
    onSettled: () => queries.invalidateQueries({ queryKey: ["signins"] }),
  });
  const endAll = useMutation({ mutationFn: () => ask(api.DELETE("/v1/signins")), onSuccess: () => location.assign("/signin") });
  const error = end.error ?? endAll.error;
  return (
    <Panel title="Where you are signed in" note="in browsers and in programs" flush>
      <Answer to={list} lines={3}>
        {(d) => (
          <Rows items={(d.items ?? []).map((s) => {
            const Sign = s.method === "device" ? IconTerminal2 : IconDeviceLaptop;
            const name = agentName(s.agent);
            return {
              key: s.id, start: <Sign size={18} stroke={1.6} aria-hidden />,
              title: <>{name} {s.current && <Mark tone="good">This one</Mark>}</>,
              note: <>by {said(s.method).toLowerCase()} <Time at={s.begun} />{s.address && <> from {s.address}</>}, used <Time at={s.seen} /></>,
              end: !s.current && <Button variant="subtle" size="xs" color="red" loading={end.isPending && end.variables.includes(s.id)} onClick={() => end.mutate([s.id])} aria-label={`End ${name}, used from ${s.address ?? "an unknown place"}`}>End</Button>,
            };
          })}
          />
        )}
      </Answer>
      <div className={css.foot}>
        {error && <Alert color="red" variant="light" role="alert">{asProblem(error).message}</Alert>}
        <Group gap="xs">
          <Button variant="default" disabled={others.length === 0} loading={end.isPending && end.variables.length > 1} onClick={() => end.mutate(others)}>End all others</Button>
          <Button variant="default" loading={endAll.isPending} onClick={() => endAll.mutate()}>End all, this one too</Button>
        </Group>
      </div>
    </Panel>
  );
}
