import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import { Failure } from '../failure';

interface Props {
  /** Of the button that opens the dialog, and its name for screen readers when that is longer. */
  readonly label: string;
  readonly ariaLabel?: string;
  /** The question, such as `Revoke vk_abc?`. */
  readonly title: string;
  /** What happens, and whether it can be taken back. */
  readonly children: ReactNode;
  /** Of the button that does it. */
  readonly action: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onDone?: () => void;
  readonly color?: string;
  readonly disabled?: boolean;
}

/** A button for what cannot be taken back: it asks first, and says what failed. */
export function Confirm({
  label,
  ariaLabel,
  title,
  children,
  action,
  onConfirm,
  onDone,
  color = 'red',
  disabled,
}: Props) {
  const [opened, dialog] = useDisclosure();
  const text = useId();
  const confirmed = useMutation({
    mutationFn: onConfirm,
    onSuccess: () => {
      dialog.close();
      onDone?.();
    },
  });
  const close = () => {
    dialog.close();
    confirmed.reset();
  };
  return (
    <>
      <Button
        size="compact-xs"
        color={color}
        variant="subtle"
        aria-label={ariaLabel}
        disabled={disabled}
        onClick={dialog.open}
      >
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title} aria-describedby={text}>
        <Stack>
          <Text size="sm" component="div" id={text}>
            {children}
          </Text>
          <Failure error={confirmed.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              Cancel
            </Button>
            <Button color={color} loading={confirmed.isPending} onClick={() => confirmed.mutate()}>
              {action}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
