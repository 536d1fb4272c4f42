// SPDX-License-Identifier: Apache-2.0
// CMake builds a precompiled header only for a target with a source that uses it; this is that
// source.
