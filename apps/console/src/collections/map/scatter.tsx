import { useMantineColorScheme } from '@mantine/core';
import { useColorScheme, useResizeObserver } from '@mantine/hooks';
import { polygonContains } from 'd3-polygon';
import { select } from 'd3-selection';
import { type D3ZoomEvent, zoom, zoomIdentity } from 'd3-zoom';
import { type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Shade } from './colours';

export interface Drawn {
  readonly points: number;
  /** Of the last picture, until the canvas has it. */
  readonly drawMs: number;
  /** Pictures a second while the points moved to their places. */
  readonly framesPerSecond: number;
}

interface Props {
  /** x and y of each point in turn. */
  readonly places: Float32Array;
  readonly shades: readonly Shade[];
  readonly selected: ReadonlySet<number>;
  readonly lasso: boolean;
  readonly onSelect: (points: readonly number[]) => void;
  readonly onHover: (point: number | undefined) => void;
  readonly onDrawn: (drawn: Drawn) => void;
}

const HEIGHT = 520;
const MARGIN = 16;
/** Points nearer than this to the pointer are under it. */
const REACH_PX = 8;
const INTRO_MS = 700;

type Transform = { readonly k: number; readonly x: number; readonly y: number };

/** A scatter plot on a canvas: wheel and drag move it, a lasso chooses points. */
export function Scatter({ places, shades, selected, lasso, onSelect, onHover, onDrawn }: Props) {
  const [frame, { width }] = useResizeObserver<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [transform, setTransform] = useState<Transform>(zoomIdentity);
  const [outline, setOutline] = useState<readonly [number, number][]>([]);
  const { colorScheme } = useMantineColorScheme();
  const system = useColorScheme();
  const isDark = (colorScheme === 'auto' ? system : colorScheme) === 'dark';
  const pixels = useMemo(() => fitted(places, width), [places, width]);
  const at = useCallback(
    (point: number): [number, number] => [
      pixels[2 * point] * transform.k + transform.x,
      pixels[2 * point + 1] * transform.k + transform.y,
    ],
    [pixels, transform],
  );

  useZoom(canvas, lasso, setTransform);
  const isSettled = useIntro({ canvas, pixels, width, shades, onDrawn });
  useEffect(() => {
    const context = isSettled ? contextOf(canvas.current, width) : null;
    if (context) draw(context, { width, pixels, shades, transform, selected, outline, isDark, spread: 1 });
  }, [isSettled, width, pixels, shades, transform, selected, outline, isDark]);

  const placeOf = (event: PointerEvent): [number, number] => [event.nativeEvent.offsetX, event.nativeEvent.offsetY];
  const begin = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!lasso) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setOutline([placeOf(event)]);
  };
  const move = (event: PointerEvent) => {
    if (outline.length > 0) setOutline([...outline, placeOf(event)]);
    else onHover(nearest(pixels, transform, placeOf(event)));
  };
  const end = () => {
    if (outline.length > 2) onSelect(within(outline as [number, number][], pixels.length / 2, at));
    setOutline([]);
  };
  return (
    <div ref={frame} style={{ width: '100%' }}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`map of ${(places.length / 2).toLocaleString('en')} points`}
        style={{
          width: '100%',
          height: HEIGHT,
          display: 'block',
          cursor: lasso ? 'crosshair' : 'grab',
          touchAction: 'none',
          border: '1px solid var(--mantine-color-default-border)',
        }}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={() => setOutline([])}
        onPointerLeave={() => onHover(undefined)}
      />
    </div>
  );
}

/** Places in pixels, the shape of the cloud kept. */
function fitted(places: Float32Array, width: number): Float32Array {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (let at = 0; at < places.length; at += 2) {
    bounds.left = Math.min(bounds.left, places[at]);
    bounds.right = Math.max(bounds.right, places[at]);
    bounds.top = Math.min(bounds.top, places[at + 1]);
    bounds.bottom = Math.max(bounds.bottom, places[at + 1]);
  }
  const wide = bounds.right - bounds.left || 1;
  const high = bounds.bottom - bounds.top || 1;
  const scale = Math.min((width - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high);
  const pixels = new Float32Array(places.length);
  for (let at = 0; at < places.length; at += 2) {
    pixels[at] = width / 2 + (places[at] - bounds.left - wide / 2) * scale;
    pixels[at + 1] = HEIGHT / 2 + (places[at + 1] - bounds.top - high / 2) * scale;
  }
  return pixels;
}

function contextOf(canvas: HTMLCanvasElement | null, width: number): CanvasRenderingContext2D | null {
  if (!canvas || width < 1) return null;
  const ratio = window.devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

interface Picture {
  readonly width: number;
  readonly pixels: Float32Array;
  readonly shades: readonly Shade[];
  readonly transform: Transform;
  readonly selected: ReadonlySet<number>;
  readonly outline: readonly (readonly [number, number])[];
  readonly isDark: boolean;
  /** How far the points are from the middle on the way to their places, 0 to 1. */
  readonly spread: number;
}

/** Squares, which a canvas fills several times faster than circles; one colour after the other. */
function draw(context: CanvasRenderingContext2D, picture: Picture): void {
  const { width, pixels, shades, transform, selected, outline, isDark, spread } = picture;
  const [middleX, middleY] = [width / 2, HEIGHT / 2];
  context.clearRect(0, 0, width, HEIGHT);
  const size = pixels.length > 20_000 ? 2 : 3;
  const square = (point: number, side: number) => {
    const x = (middleX + (pixels[2 * point] - middleX) * spread) * transform.k + transform.x;
    const y = (middleY + (pixels[2 * point + 1] - middleY) * spread) * transform.k + transform.y;
    context.fillRect(x - side / 2, y - side / 2, side, side);
  };
  context.globalAlpha = selected.size > 0 ? 0.25 : 0.8;
  for (const { colour, points } of shades) {
    context.fillStyle = colour;
    for (const point of points) square(point, size);
  }
  context.globalAlpha = 1;
  context.fillStyle = isDark ? '#ffffff' : '#000000';
  for (const point of selected) square(point, size + 1);
  if (outline.length > 1) drawOutline(context, outline, isDark);
}

function drawOutline(context: CanvasRenderingContext2D, outline: Picture['outline'], isDark: boolean): void {
  context.beginPath();
  for (const [x, y] of outline) context.lineTo(x, y);
  context.closePath();
  context.strokeStyle = isDark ? '#ffffff' : '#000000';
  context.setLineDash([4, 3]);
  context.stroke();
  context.setLineDash([]);
}

/** Wheel and pinch change the scale, dragging moves; a drag with the lasso does not. */
function useZoom(
  canvas: { readonly current: HTMLCanvasElement | null },
  lasso: boolean,
  onChange: (transform: Transform) => void,
): void {
  useEffect(() => {
    if (!canvas.current) return;
    const behaviour = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.5, 200])
      .filter((event: Event) => event.type === 'wheel' || !lasso)
      .on('zoom', ({ transform }: D3ZoomEvent<HTMLCanvasElement, unknown>) => onChange(transform));
    const selection = select(canvas.current);
    selection.call(behaviour);
    return () => {
      selection.on('.zoom', null);
    };
  }, [canvas, lasso, onChange]);
}

interface Intro {
  readonly canvas: { readonly current: HTMLCanvasElement | null };
  readonly pixels: Float32Array;
  readonly width: number;
  readonly shades: readonly Shade[];
  readonly onDrawn: (drawn: Drawn) => void;
}

/**
 * Moves the points to their places once, and measures this: how long a picture takes, and how many there were a second. Says
 * whether they are there.
 */
function useIntro({ canvas, pixels, width, shades, onDrawn }: Intro): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    const context = isSettled ? null : contextOf(canvas.current, width);
    if (!context || pixels.length === 0) return;
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const none = { selected: new Set<number>(), outline: [], isDark: false, transform: zoomIdentity };
    let frames = 0;
    let drawMs = 0;
    let begun: number | undefined;
    let request = 0;
    const next = (now: number) => {
      begun ??= now;
      const part = Math.min(1, (now - begun) / INTRO_MS);
      const before = performance.now();
      draw(context, { width, pixels, shades, ...none, spread: still ? 1 : part ** 0.5 });
      // Reading a pixel waits until the squares are on the canvas.
      context.getImageData(0, 0, 1, 1);
      drawMs = performance.now() - before;
      if (part < 1) {
        frames += 1;
        request = requestAnimationFrame(next);
        return;
      }
      setSettled(true);
      onDrawn({ points: pixels.length / 2, drawMs, framesPerSecond: (1000 * frames) / (now - begun) });
    };
    request = requestAnimationFrame(next);
    return () => cancelAnimationFrame(request);
  }, [isSettled, canvas, pixels, width, shades, onDrawn]);
  return isSettled;
}

function nearest(pixels: Float32Array, { k, x, y }: Transform, [left, top]: [number, number]): number | undefined {
  let best: number | undefined;
  let least = REACH_PX ** 2;
  for (let point = 0; point < pixels.length / 2; point += 1) {
    const distance = (pixels[2 * point] * k + x - left) ** 2 + (pixels[2 * point + 1] * k + y - top) ** 2;
    if (distance < least) [best, least] = [point, distance];
  }
  return best;
}

function within(outline: [number, number][], points: number, at: (point: number) => [number, number]): number[] {
  const found: number[] = [];
  for (let point = 0; point < points; point += 1) if (polygonContains(outline, at(point))) found.push(point);
  return found;
}
