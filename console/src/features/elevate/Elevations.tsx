import { Button } from "@mantine/core";
import { IconBolt, IconClockHour4 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Activate, type Eligibility } from "./Activate";
import { Clock } from "./Clock";
import css from "./elevate.module.css";
import { asks, isOpen, lasting, minutesOf, stateWords } from "./words";

type Elevation = ItemOf<"list-own-elevations">;

// Told is what was just said of an elevation; with a state it is so as long as that stays.
interface Told {
  words: string;
  id?: string;
  state?: string;
}

function useElevations() {
  return useQuery({
    queryKey: ["elevations", "own"], queryFn: () => ask(api.GET("/v1/me/elevations")),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((e) => isOpen(e.state)) ? 3000 : false),
  });
}

// Elevations are what whoever is signed in has activated, with the time that is left, and
// what they may activate.
export function Elevations() {
  const list = useElevations();
  const may = useQuery({ queryKey: ["elevations", "eligible"], queryFn: () => ask(api.GET("/v1/me/eligibilities")) });
  const [asked, setAsked] = useState<Eligibility>();
  const [last, setTold] = useState<Told>();
  const now = (list.data?.items ?? []).find((e) => e.id === last?.id);
  const told = last && (!now || !last.state || now.state === last.state) ? last.words : "";
  const names = { ...may.data?.names, ...list.data?.names };
  const called = (id: string) => names[id] ?? id;
  return (
    <Page title="What do you need for a while?" lead="What is privileged is not yours all the time. You activate it for as long as you need it, and it is gone at its end by itself.">
      <p role="status" className={told ? undefined : "out-of-view"}>{told}</p>
      <Panel title="Active and on its way" flush>
        <Answer to={list} lines={3}>
          {(d) => {
            const open = (d.items ?? []).filter((e) => isOpen(e.state));
            return open.length === 0
              ? <Blank sign={IconClockHour4} title="You have activated nothing" text="What you activate is here with the time that is left." />
              : <Rows items={open.map((e) => ({ key: e.id, below: true, start: <IconBolt size={18} stroke={1.6} aria-hidden />, title: called(e.entitlement), note: <Note of={e} system={called(e.system)} />, end: <Ends of={e} onTold={setTold} name={called(e.entitlement)} /> }))} />;
          }}
        </Answer>
      </Panel>
      <Panel title="What you may activate" flush>
        <Answer to={may} lines={3}>
          {(d) => ((d.items ?? []).length === 0
            ? <Blank sign={IconBolt} title="You are eligible for nothing" text="Identity and access management says who may activate what." />
            : (
              <Rows items={(d.items ?? []).map((e) => ({
                key: e.id, start: <IconBolt size={18} stroke={1.6} aria-hidden />, title: called(e.entitlement),
                note: <>up to {lasting(minutesOf(e.terms.most))}, takes {asks(e.terms)}{e.end && <>, until <Time at={e.end} absolute /></>}</>,
                end: <Button variant="default" size="xs" onClick={() => setAsked(e)} aria-label={`Activate ${called(e.entitlement)}`}>Activate</Button>,
              }))}
              />
            ))}
        </Answer>
      </Panel>
      <Past of={(list.data?.items ?? []).filter((e) => !isOpen(e.state)).slice(0, 10)} called={called} />
      {asked && <Activate of={asked} name={called(asked.entitlement)} onClose={() => setAsked(undefined)} onAsked={(of) => { setAsked(undefined); setTold(of); }} />}
    </Page>
  );
}

function Note({ of: e, system }: { of: Elevation; system: string }) {
  const words = stateWords(e.state);
  return (
    <>
      <Mark tone={e.late ? "bad" : words.tone} bare>{e.late ? "Over, and still on its target" : words.label}</Mark> in {system}
      {e.reason && <>, “{e.reason}”</>}
      {e.said && e.state !== "active" && <>: {e.said}</>}
    </>
  );
}

// Ends is the clock, and the way to end it before.
function Ends({ of: e, name, onTold }: { of: Elevation; name: string; onTold: (of: Told) => void }) {
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => ask(api.POST("/v1/elevations/{id}/end", { params: { path: { id: e.id } } })),
    onSuccess: () => onTold({ words: `${name} is being taken off.`, id: e.id, state: "ending" }),
    onError: (error) => onTold({ words: asProblem(error).message }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["elevations"] }),
  });
  return (
    <span className={css.ends}>
      {e.state === "active" && <Clock from={e.starts_at} until={e.ends_at} />}
      {e.state === "scheduled" && <span className="quiet">starts <Time at={e.starts_at} /></span>}
      {e.state !== "ending" && <Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>End now<span className="out-of-view">: {name}</span></Button>}
    </span>
  );
}

function Past({ of, called }: { of: Elevation[]; called: (id: string) => string }) {
  if (of.length === 0) return null;
  return (
    <Panel title="Before" flush>
      <Rows items={of.map((e) => ({
        key: e.id, start: <IconClockHour4 size={18} stroke={1.6} aria-hidden />, title: called(e.entitlement), note: <Note of={e} system={called(e.system)} />, end: <span className="quiet"><Time at={e.off_at ?? e.over_at ?? e.asked_at} /></span>,
      }))}
      />
    </Panel>
  );
}
