// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/base/names.h"

namespace {

// The bound on any import: what one core hashes. Its baseline is copying the same bytes.
void hash_object(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<size_t>(state.range(0)), std::byte{0x5a});
  damfs::Sha256 hasher;
  for (auto _ : state) {
    hasher.update(bytes);
    benchmark::DoNotOptimize(hasher.finish());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hash_object)->Arg(100 << 10)->Arg(4 << 20);

void copy_object(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<size_t>(state.range(0)), std::byte{0x5a});
  std::vector<std::byte> copy(bytes.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(copy_object)->Arg(100 << 10)->Arg(4 << 20);

// Every lookup folds a name; the baseline is copying it.
void fold_name(benchmark::State& state) {
  const std::string name =
      state.range(0) == 0 ? "IMG_20240517_123045.JPG" : "Cr\u00e8me br\u00fbl\u00e9e \u00dcn\u00efcode.jpg";
  for (auto _ : state) benchmark::DoNotOptimize(damfs::fold(name));
}
BENCHMARK(fold_name)->ArgName("unicode")->Arg(0)->Arg(1);

void copy_name(benchmark::State& state) {
  const std::string name = "IMG_20240517_123045.JPG";
  for (auto _ : state) {
    std::string copy = name;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(copy_name);

void portable_name(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(damfs::portable_name("What is this? A name: yes."));
}
BENCHMARK(portable_name);

}  // namespace
