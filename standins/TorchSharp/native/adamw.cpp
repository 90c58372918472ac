// AdamW in one pass over memory: PyTorch's sequence of operations per element, without their intermediate tensors.
#include "shim_support.h"

#include <ATen/Parallel.h>

#include <cmath>

// One source, several instruction sets; contraction is off (CMakeLists.txt), so all of them give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SHIM_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SHIM_CLONES
#endif

namespace {

struct Coefficients {
    float keep;       // 1 - rate * decay
    float beta1, one_minus_beta1;
    float beta2, one_minus_beta2;
    float correction; // sqrt(1 - beta2^step)
    float epsilon;
    float step_size;  // rate / (1 - beta1^step)
    float sign;
};

SHIM_CLONES void update(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v, int64_t count, Coefficients c) {
    for (int64_t i = 0; i < count; ++i) {
        const float grad = c.sign * g[i];
        const float mean = m[i] * c.beta1 + grad * c.one_minus_beta1;
        const float square = v[i] * c.beta2 + c.one_minus_beta2 * grad * grad;
        m[i] = mean;
        v[i] = square;
        p[i] = p[i] * c.keep - c.step_size * mean / (std::sqrt(square) / c.correction + c.epsilon);
    }
}

SHIM_CLONES void update_amsgrad(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v, float* __restrict top,
    int64_t count, Coefficients c) {
    for (int64_t i = 0; i < count; ++i) {
        const float grad = c.sign * g[i];
        const float mean = m[i] * c.beta1 + grad * c.one_minus_beta1;
        const float square = v[i] * c.beta2 + c.one_minus_beta2 * grad * grad;
        const float largest = top[i] > square ? top[i] : square;
        m[i] = mean;
        v[i] = square;
        top[i] = largest;
        p[i] = p[i] * c.keep - c.step_size * mean / (std::sqrt(largest) / c.correction + c.epsilon);
    }
}

bool plain(void* handle, int64_t count) {
    const auto& t = shim::tensor(handle);
    return t.layout() == at::kStrided && t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous() && t.numel() == count;
}

float* data(void* handle) { return static_cast<float*>(shim::tensor(handle).data_ptr()); }

}  // namespace

int32_t shim_adamw(void** parameters, void** gradients, void** means, void** squares, void** maxima, const int64_t* steps, int32_t count, double rate,
    double beta1, double beta2, double epsilon, double decay, int32_t maximize, int32_t* done) {
    return shim::guarded([&] {
        *done = 0;
        for (int32_t i = 0; i < count; i++) {
            auto n = shim::tensor(parameters[i]).numel();
            if (!plain(parameters[i], n) || !plain(gradients[i], n) || !plain(means[i], n) || !plain(squares[i], n) || (maxima && !plain(maxima[i], n))) return;
        }
        for (int32_t i = 0; i < count; i++) {
            auto power = static_cast<double>(steps[i]);
            Coefficients c{};
            c.keep = static_cast<float>(1 - rate * decay);
            c.beta1 = static_cast<float>(beta1);
            c.one_minus_beta1 = static_cast<float>(1 - beta1);
            c.beta2 = static_cast<float>(beta2);
            c.one_minus_beta2 = static_cast<float>(1 - beta2);
            c.correction = static_cast<float>(std::sqrt(1 - std::pow(beta2, power)));
            c.epsilon = static_cast<float>(epsilon);
            c.step_size = static_cast<float>(rate / (1 - std::pow(beta1, power)));
            c.sign = maximize ? -1.0f : 1.0f;
            float *p = data(parameters[i]), *g = data(gradients[i]), *m = data(means[i]), *v = data(squares[i]), *top = maxima ? data(maxima[i]) : nullptr;
            at::parallel_for(0, shim::tensor(parameters[i]).numel(), 32768, [&](int64_t from, int64_t to) {
                if (top)
                    update_amsgrad(p + from, g + from, m + from, v + from, top + from, to - from, c);
                else
                    update(p + from, g + from, m + from, v + from, to - from, c);
            });
            // The graph must know that the values changed under it, as after any in-place operator.
            shim::tensor(parameters[i]).unsafeGetTensorImpl()->bump_version();
        }
        *done = 1;
    });
}
