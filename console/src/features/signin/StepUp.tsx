import { Alert, Button, getDefaultZIndex, Group, Modal, Text } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";
import { IconFingerprint } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { whenAsked } from "../../client/send";
import { whenSignedOut } from "./me";
import { show } from "./passkey";

// StepUp asks for a passkey where the door wants to know that it is still you, and
// lets what was asked for go on.
export function StepUp() {
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const waiting = useRef<((confirmed: boolean) => void)[]>([]);

  useEffect(() => whenAsked({
    stepUp: () => new Promise((resolve) => {
      waiting.current.push(resolve);
      setWrong("");
      setOpen(true);
    }),
    signIn: () => {
      const { pathname, search } = location;
      if (pathname === "/signin" || pathname === "/welcome" || pathname === "/share") return;
      location.assign(`/signin?${new URLSearchParams({ to: pathname + search })}`);
    },
  }), []);

  useEffect(() => whenSignedOut(() => location.assign("/signin")), []);

  const end = (confirmed: boolean) => {
    setOpen(false);
    waiting.current.splice(0).forEach((resolve) => resolve(confirmed));
  };
  // It stands over the dialog that asked, which keeps what was typed: Escape is for this one.
  useWindowEvent("keydown", (e) => {
    if (!open || e.key !== "Escape") return;
    e.stopImmediatePropagation();
    end(false);
  }, { capture: true });
  const confirm = async () => {
    setBusy(true);
    try {
      const begun = await ask(api.POST("/v1/stepup/begin"));
      await ask(api.POST("/v1/stepup/finish", { body: { credential: await show(begun.public_key) } }));
      end(true);
    } catch (error) {
      setWrong(asProblem(error).message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal opened={open} onClose={() => end(false)} closeOnEscape={false} zIndex={getDefaultZIndex("overlay")} title="Confirm that it is you">
      <Text size="sm" mb="md">What you are about to do needs your passkey, shown within the last ten minutes. Nothing has been done yet.</Text>
      {wrong && <Alert color="red" variant="light" mb="md" role="alert">{wrong}</Alert>}
      <Group justify="flex-end">
        <Button variant="default" onClick={() => end(false)}>Not now</Button>
        <Button data-autofocus loading={busy} leftSection={<IconFingerprint size={17} />} onClick={() => void confirm()}>Use passkey</Button>
      </Group>
    </Modal>
  );
}
