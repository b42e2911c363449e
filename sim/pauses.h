// Random pauses of a stream's source or sink.

#pragma once

#include <cstdint>

// A coin for each cycle: whether a side pauses. Once it does, it does so for 1 to 16 cycles.
class Pauses {
  public:
    Pauses(double chance, uint32_t seed) : threshold(chance * 4294967296.0), state(seed) {}

    bool now() {
        if (left) {
            --left;
            return true;
        }
        if (random() >= threshold)
            return false;
        left = random() >> 28;
        return true;
    }

  private:
    uint64_t threshold;
    uint32_t state;
    uint32_t left = 0;

    uint32_t random() { // Marsaglia's xorshift, 32 bits
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }
};
