import "@xyflow/react/dist/base.css";
import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Background, Controls, Handle, MarkerType, Position, ReactFlow, type Edge, type Node, type NodeProps } from "@xyflow/react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { placeOf } from "../access/Named";
import { said } from "../access/words";
import css from "./ask.module.css";
import { columnsOf } from "./layout";

type Drawn = AnswerOf<"show-picture">;

const edgeWords: Record<string, string> = {
  account: "has", opening: "opens", grant: "holds", nesting: "is in", role: "has the role", inclusion: "includes", role_gives: "gives",
  impersonate: "can act as", grant_access: "can give", host: "controls",
};

// Picture draws the access graph of one identity or entitlement: what is alike is one
// group, which opens. The same is said in sentences under it.
export function Picture({ of }: { of: string }) {
  const [open, setOpen] = useState<string[]>([]);
  const [escalation, setEscalation] = useState(false);
  const drawn = useQuery({
    queryKey: ["picture", of, open, escalation],
    queryFn: () => ask(api.GET("/v1/picture", { params: { query: { of, open: open.length > 0 ? open : undefined, escalation: escalation || undefined } } })),
    placeholderData: (b) => b,
  });
  return (
    <Panel
      title="How access goes" flush
      note={(
        <span className={css.tools}>
          {drawn.data && <span>{count(drawn.data.reached)}{drawn.data.more ? " or more" : ""} objects</span>}
          <Switch size="xs" label="Also what it could become" checked={escalation} onChange={(e) => { setEscalation(e.currentTarget.checked); setOpen([]); }} />
        </span>
      )}
    >
      <Answer to={drawn} lines={10}>
        {(d) => (
          <>
            <Canvas of={d} onOpen={(key) => setOpen((before) => [...before.filter((k) => k.split("@")[0] !== key.split("@")[0]), key].slice(-20))} />
            <details className={css.details} open={(d.nodes ?? []).length < 8}>
              <summary>The same in words</summary>
              <ol className={css.text}>{(d.text ?? []).map((line, i) => <li key={i}>{line}</li>)}</ol>
            </details>
          </>
        )}
      </Answer>
    </Panel>
  );
}

interface BoxData extends Record<string, unknown> {
  name: string;
  note: string;
  to?: string;
  start?: boolean;
  privileged?: boolean;
  group?: boolean;
  onOpen?: () => void;
}

function Box({ data }: NodeProps<Node<BoxData>>) {
  const name = `${css.node} ${data.start ? css.start : ""} ${data.privileged ? css.privileged : ""} ${data.group ? css.group : ""} nodrag nopan`;
  const inside = <><span className={css.nodeName} title={data.name}>{data.name}</span><span className={css.nodeNote}>{data.note}</span></>;
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className={css.handle} />
      {data.onOpen ? <button type="button" className={name} onClick={data.onOpen} aria-label={`Open ${data.name}, ${data.note}`}>{inside}</button>
        : data.to ? <Link to={data.to} className={name}>{inside}</Link> : <div className={name}>{inside}</div>}
      <Handle type="source" position={Position.Right} isConnectable={false} className={css.handle} />
    </>
  );
}

const kinds = { box: Box };

function Canvas({ of, onOpen }: { of: Drawn; onOpen: (key: string) => void }) {
  const boxes: { key: string; data: BoxData }[] = [
    ...(of.nodes ?? []).map((n) => ({
      key: n.key,
      data: {
        name: n.object.hidden ? "hidden" : n.object.name, to: n.key === of.of || n.object.hidden ? undefined : placeOf(n.object),
        note: [said(n.object.type), n.object.system, n.tier === undefined || n.tier === null ? undefined : n.tier < 0 ? "not classified" : `tier ${n.tier}`, n.mode === "standing" ? undefined : n.mode].filter(Boolean).join(" · "),
        start: n.key === of.of, privileged: typeof n.tier === "number" && n.tier <= 1,
      },
    })),
    ...(of.groups ?? []).map((g) => ({
      key: g.key,
      data: {
        name: `${count(g.count)} × ${g.label}`, group: true, privileged: typeof g.tier === "number" && g.tier <= 1,
        note: g.hidden ? "not yours to see" : [g.system, typeof g.tier === "number" ? `tier ${g.tier}` : undefined, "open"].filter(Boolean).join(" · "),
        onOpen: g.hidden ? undefined : () => onOpen(g.next || g.key),
      },
    })),
  ];
  const places = columnsOf(boxes.map((b) => b.key), of.edges ?? [], of.of);
  const nodes: Node<BoxData>[] = boxes.map((b) => ({ id: b.key, type: "box", position: places.get(b.key) ?? { x: 0, y: 0 }, data: b.data, draggable: false, focusable: false, selectable: false }));
  const few = (of.edges ?? []).length <= 40;
  const edges: Edge[] = (of.edges ?? []).map((e, i) => ({
    id: String(i), source: e.from, target: e.to, label: few ? `${edgeWords[e.kind] ?? e.kind}${e.count > 1 ? ` ×${e.count}` : ""}` : undefined,
    style: { stroke: e.kind === "impersonate" || e.kind === "grant_access" || e.kind === "host" ? "var(--warn)" : "var(--line-strong)", strokeDasharray: e.mode === "standing" ? undefined : "5 4" },
    labelStyle: { fill: "var(--ink-3)", fontSize: 11 }, labelBgStyle: { fill: "var(--surface)" }, markerEnd: { type: MarkerType.ArrowClosed, color: "var(--line-strong)" }, focusable: false,
  }));
  return (
    <div className={css.picture} role="group" aria-label="The access graph; the same in words is below">
      <ReactFlow
        key={`${nodes.length} ${edges.length}`} nodes={nodes} edges={edges} nodeTypes={kinds} fitView fitViewOptions={{ maxZoom: 1, minZoom: 0.35, padding: 0.08 }} minZoom={0.1}
        nodesConnectable={false} nodesFocusable={false} edgesFocusable={false} elementsSelectable={false} proOptions={{ hideAttribution: true }} zoomOnScroll={false} preventScrolling={false}
      >
        <Background color="var(--line)" gap={22} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}
