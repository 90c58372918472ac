#pragma once
#include "torch_shim.h"

#include <ATen/ATen.h>
#include <stdexcept>
#include <string>
#include <vector>

#if __has_include(<c10/util/Optional.h>)
#include <c10/util/Optional.h>
namespace shim { template <class T> using optional = c10::optional<T>; }
#else
#include <optional>
namespace shim { template <class T> using optional = std::optional<T>; }
#endif

namespace shim {

inline at::Tensor& tensor(void* handle) { return *static_cast<at::Tensor*>(handle); }
inline void* own(at::Tensor tensor) { return new at::Tensor(std::move(tensor)); }
inline void* own_or_null(at::Tensor tensor) { return tensor.defined() ? own(std::move(tensor)) : nullptr; }

void remember(std::string message);

// Runs an action; what it throws becomes a stored message and the result 1.
template <class Action> int32_t guarded(const Action& action) {
    try {
        action();
        return 0;
    } catch (const c10::Error& e) {
        remember(e.what_without_backtrace());
    } catch (const std::exception& e) {
        remember(e.what());
    } catch (...) {
        remember("an exception of an unknown type");
    }
    return 1;
}

}  // namespace shim
