// Random numbers by counter: Philox4x32-10 (Salmon et al. 2011, Parallel random numbers: as
// easy as 1, 2, 3). The n-th number of a stream is a function of seed, stream and n alone, so a
// figure draws the same numbers on every machine, and Python can work them out as well.

function multiplyHigh(a, b) { // the upper 32 of the 64 bits of a product
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const rest = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(rest / 65536)) >>> 0;
}

// Four words of 32 bits for a counter of four words and a key of two.
export function philox(counter, key) {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(0xd2511f53, a), lowA = Math.imul(0xd2511f53, a);
    const highC = multiplyHigh(0xcd9e8d57, c), lowC = Math.imul(0xcd9e8d57, c);
    [a, b, c, d] = [highC ^ b ^ k, lowC, highA ^ d ^ l, lowA];
    k = (k + 0x9e3779b9) | 0;
    l = (l + 0xbb67ae85) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

// uniform() in [0, 1) with 53 bits, normal() by Box and Muller (1958), from block `position` on.
export function stream(seed, name = 0, position = 0) {
  let second = null, spare = null;
  const join = (high, low) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  const uniform = () => {
    if (second !== null) {
      const kept = second;
      second = null;
      return kept;
    }
    const [a, b, c, d] = philox([position, Math.floor(position / 2 ** 32), name, 0], [seed, 0]);
    position += 1;
    second = join(c, d);
    return join(a, b);
  };
  const normal = () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal };
}
