import { Link } from "@tanstack/react-router";
import { Background, Controls, Handle, MarkerType, MiniMap, Position, ReactFlow, useReactFlow, useStore, type Edge, type Node, type NodeProps } from "@xyflow/react";
import { useEffect, useMemo, useRef, type FocusEvent } from "react";
import type { AnswerOf } from "../../client/types";
import { placeOf } from "../access/Named";
import { said } from "../access/words";
import css from "./ask.module.css";
import { box, columnsOf, heightOf, viewOf, type Place } from "./layout";

type Drawn = AnswerOf<"show-picture">;

const edgeWords: Record<string, string> = {
  account: "has", opening: "opens", grant: "holds", nesting: "is in", role: "has the role", inclusion: "includes", role_gives: "gives",
  impersonate: "can act as", grant_access: "can give", host: "controls",
};
const escalations = new Set(["impersonate", "grant_access", "host"]);

interface BoxData extends Record<string, unknown> {
  name: string;
  note: string;
  to?: string;
  start?: boolean;
  privileged?: boolean;
  group?: boolean;
  of?: string; // the opened group that it came from
  arrives?: boolean; // where the keyboard goes on: what was opened is gone
  onOpen?: () => void;
}

function Box({ data, positionAbsoluteX: x, positionAbsoluteY: y }: NodeProps<Node<BoxData>>) {
  const flow = useReactFlow();
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => { if (data.arrives) link.current?.focus({ preventScroll: true }); }, [data.arrives]);
  const name = `${css.node} ${data.start ? css.start : ""} ${data.privileged ? css.privileged : ""} ${data.group ? css.group : ""} nodrag nopan`;
  const inside = <><span className={css.nodeName} title={data.name}>{data.name}</span><span className={css.nodeNote}>{data.note}</span></>;
  // Whoever comes by keyboard sees where they are. The browser has scrolled to the box
  // already, which does not last, so where it is drawn is what counts.
  const onFocus = (e: FocusEvent<HTMLElement>) => {
    const canvas = e.currentTarget.closest(".react-flow");
    const view = flow.getViewport();
    const [left, top] = [view.x + view.zoom * x, view.y + view.zoom * y];
    if (canvas && (left < 0 || top < 0 || left + view.zoom * box.width > canvas.clientWidth || top + view.zoom * box.height > canvas.clientHeight)) {
      void flow.setCenter(x + box.width / 2, y + box.height / 2, { zoom: view.zoom });
    }
  };
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className={css.handle} />
      {data.onOpen ? <button type="button" className={name} onClick={data.onOpen} onFocus={onFocus} aria-expanded={false}>{inside}</button>
        : data.to ? <Link ref={link} to={data.to} className={name} onFocus={onFocus} data-of={data.of}>{inside}</Link> : <div className={name}>{inside}</div>}
      <Handle type="source" position={Position.Right} isConnectable={false} className={css.handle} />
    </>
  );
}

const kinds = { box: Box };

function boxesOf(of: Drawn, onOpen: (key: string) => void): { key: string; data: BoxData }[] {
  const tierNote = (tier?: number | null) => (typeof tier !== "number" ? undefined : tier < 0 ? "not classified" : `tier ${tier}`);
  return [
    ...(of.nodes ?? []).map((n) => ({
      key: n.key,
      data: {
        name: n.object.hidden ? "hidden" : n.object.name, to: n.key === of.of || n.object.hidden ? undefined : placeOf(n.object), of: n.group,
        note: [typeof n.tier === "number" ? tierNote(n.tier) : said(n.object.type), n.object.system, n.mode === "standing" ? undefined : n.mode].filter(Boolean).join(" · "),
        start: n.key === of.of, privileged: typeof n.tier === "number" && n.tier <= 1,
      },
    })),
    ...(of.groups ?? []).map((g) => ({
      key: g.key,
      data: {
        name: g.label, group: true, privileged: typeof g.tier === "number" && g.tier <= 1,
        note: g.hidden ? "not yours to see" : g.next ? "open the next" : "open",
        onOpen: g.hidden || g.key === "further" ? undefined : () => onOpen(g.next || g.key),
      },
    })),
  ];
}

function edgesOf(of: Drawn): Edge[] {
  const few = (of.edges ?? []).length <= 24;
  return (of.edges ?? []).map((e, i) => ({
    id: String(i), source: e.from, target: e.to, label: few || escalations.has(e.kind) ? `${edgeWords[e.kind] ?? e.kind}${e.count > 1 ? ` ×${e.count}` : ""}` : undefined,
    style: { stroke: escalations.has(e.kind) ? "var(--warn)" : "var(--line-strong)", strokeDasharray: e.mode === "standing" ? undefined : "5 4" },
    labelStyle: { fill: "var(--ink-3)", fontSize: 11 }, labelBgStyle: { fill: "var(--surface)" }, markerEnd: { type: MarkerType.ArrowClosed, color: "var(--line-strong)" }, focusable: false,
  }));
}

const tallest = 760;
const many = 18; // from so many on, a small picture of all of it helps

export function Canvas({ of, opened, onOpen }: { of: Drawn; opened?: string; onOpen: (key: string) => void }) {
  const boxes = boxesOf(of, onOpen);
  const arrived = opened ? boxes.find((b) => b.data.of === opened)?.key : undefined;
  const places = useMemo(() => columnsOf([...(of.nodes ?? []), ...(of.groups ?? [])].map((b) => b.key), of.edges ?? [], of.of), [of]);
  const nodes: Node<BoxData>[] = boxes.map((b) => ({
    id: b.key, type: "box", position: places.get(b.key) ?? { x: 0, y: 0 }, data: { ...b.data, arrives: b.key === arrived }, width: box.width, height: box.height, draggable: false, focusable: false, selectable: false,
  }));
  return (
    <div className={css.picture} style={{ height: heightOf(places, tallest) }} role="group" aria-label="The access graph; the same in words is below">
      <ReactFlow
        nodes={nodes} edges={edgesOf(of)} nodeTypes={kinds} minZoom={0.15} maxZoom={1.5} fitViewOptions={{ maxZoom: 1, padding: 0.05 }}
        nodesConnectable={false} nodesFocusable={false} edgesFocusable={false} elementsSelectable={false} proOptions={{ hideAttribution: true }} zoomOnScroll={false} preventScrolling={false}
      >
        <Aim places={places} start={arrived ?? of.of} />
        <Background color="var(--line)" gap={22} />
        <Controls showInteractive={false} />
        {nodes.length > many && <MiniMap pannable ariaLabel="All of it, small" nodeColor="var(--line-strong)" maskColor="var(--hover)" bgColor="var(--surface)" className={css.map} />}
      </ReactFlow>
    </div>
  );
}

// Aim looks at what was drawn, again where it or the window changes.
function Aim({ places, start }: { places: Map<string, Place>; start: string }) {
  const flow = useReactFlow();
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  useEffect(() => {
    if (width > 0 && height > 0) void flow.setViewport(viewOf(places, start, width, height));
  }, [flow, places, start, width, height]);
  return null;
}
