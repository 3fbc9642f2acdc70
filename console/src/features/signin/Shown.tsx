import { Button, CopyButton, Group, Modal } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import css from "./settings.module.css";

// Shown is a token, this once. Nothing but the button closes it, so that no slip of a
// key loses what cannot be shown again.
export function Shown({ text, onClose }: { text: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Your token, which is shown this once" size="lg" withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false}>
      <div className={css.stack}>
        <p>Writ keeps no copy. Put it where only the script can read it, and never into a file that others see.</p>
        <code className={css.token} aria-label="The token">{text}</code>
        <p className="quiet">The script sends it as <code>Authorization: Bearer …</code></p>
        <Group justify="flex-end">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button variant="default" leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />} onClick={copy}>
                <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </div>
    </Modal>
  );
}
