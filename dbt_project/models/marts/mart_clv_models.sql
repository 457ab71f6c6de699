select
    {{ surrogate_key(['valuation.month', 'model.model', 'model.parameter']) }} as clv_model_key,
    valuation.month,
    model.model,
    model.parameter,
    model.estimate,
    model.low,
    model.high,
    model.customers,
    model.log_likelihood,
    model.refused
from {{ ref('int_customers__valuation') }} as valuation
{{ explode('valuation.models', 'model') }}
