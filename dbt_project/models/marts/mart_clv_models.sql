select
    {{ surrogate_key(['model.model', 'model.parameter']) }} as clv_model_key,
    model.model,
    model.parameter,
    model.estimate,
    model.low,
    model.high,
    model.customers,
    model.log_likelihood,
    model.refused
from {{ ref('int_customers__valuation') }}
{{ explode('models', 'model') }}
