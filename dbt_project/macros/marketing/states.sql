{# The states and provinces of the countries whose address forms use codes: what we call each, as web analytics and
   advertising do, and what others do. Shopify tells Indonesia's in Indonesian, WooCommerce by code. #}
{% macro states() -%}
    {{ return({
        'ID': {
            'AC': ['Aceh', 'Nanggroe Aceh Darussalam'],
            'BA': ['Bali'],
            'BB': ['Bangka Belitung', 'Bangka Belitung Islands', 'Bangka–Belitung Islands', 'Kepulauan Bangka Belitung'],
            'BE': ['Bengkulu'],
            'BT': ['Banten'],
            'GO': ['Gorontalo'],
            'JA': ['Jambi'],
            'JB': ['West Java', 'Jawa Barat'],
            'JI': ['East Java', 'Jawa Timur'],
            'JK': ['Jakarta', 'DKI Jakarta', 'Jakarta Raya', 'Special Capital Region of Jakarta', 'Daerah Khusus Ibukota Jakarta'],
            'JT': ['Central Java', 'Jawa Tengah'],
            'KB': ['West Kalimantan', 'Kalimantan Barat'],
            'KI': ['East Kalimantan', 'Kalimantan Timur'],
            'KR': ['Riau Islands', 'Kepulauan Riau'],
            'KS': ['South Kalimantan', 'Kalimantan Selatan'],
            'KT': ['Central Kalimantan', 'Kalimantan Tengah'],
            'KU': ['North Kalimantan', 'Kalimantan Utara'],
            'LA': ['Lampung'],
            'MA': ['Maluku'],
            'MU': ['North Maluku', 'Maluku Utara'],
            'NB': ['West Nusa Tenggara', 'Nusa Tenggara Barat'],
            'NT': ['East Nusa Tenggara', 'Nusa Tenggara Timur'],
            'PA': ['Papua'],
            'PB': ['West Papua', 'Papua Barat'],
            'RI': ['Riau'],
            'SA': ['North Sulawesi', 'Sulawesi Utara'],
            'SB': ['West Sumatra', 'Sumatera Barat', 'Sumatra Barat'],
            'SG': ['Southeast Sulawesi', 'Sulawesi Tenggara'],
            'SN': ['South Sulawesi', 'Sulawesi Selatan'],
            'SR': ['West Sulawesi', 'Sulawesi Barat'],
            'SS': ['South Sumatra', 'Sumatera Selatan', 'Sumatra Selatan'],
            'ST': ['Central Sulawesi', 'Sulawesi Tengah'],
            'SU': ['North Sumatra', 'Sumatera Utara', 'Sumatra Utara'],
            'YO': ['Yogyakarta', 'DI Yogyakarta', 'Special Region of Yogyakarta', 'Daerah Istimewa Yogyakarta'],
        },
        'US': {
            'AL': ['Alabama'],
            'AK': ['Alaska'],
            'AZ': ['Arizona'],
            'AR': ['Arkansas'],
            'CA': ['California'],
            'CO': ['Colorado'],
            'CT': ['Connecticut'],
            'DE': ['Delaware'],
            'DC': ['District of Columbia', 'Washington DC', 'Washington, D.C.'],
            'FL': ['Florida'],
            'GA': ['Georgia'],
            'HI': ['Hawaii'],
            'ID': ['Idaho'],
            'IL': ['Illinois'],
            'IN': ['Indiana'],
            'IA': ['Iowa'],
            'KS': ['Kansas'],
            'KY': ['Kentucky'],
            'LA': ['Louisiana'],
            'ME': ['Maine'],
            'MD': ['Maryland'],
            'MA': ['Massachusetts'],
            'MI': ['Michigan'],
            'MN': ['Minnesota'],
            'MS': ['Mississippi'],
            'MO': ['Missouri'],
            'MT': ['Montana'],
            'NE': ['Nebraska'],
            'NV': ['Nevada'],
            'NH': ['New Hampshire'],
            'NJ': ['New Jersey'],
            'NM': ['New Mexico'],
            'NY': ['New York'],
            'NC': ['North Carolina'],
            'ND': ['North Dakota'],
            'OH': ['Ohio'],
            'OK': ['Oklahoma'],
            'OR': ['Oregon'],
            'PA': ['Pennsylvania'],
            'RI': ['Rhode Island'],
            'SC': ['South Carolina'],
            'SD': ['South Dakota'],
            'TN': ['Tennessee'],
            'TX': ['Texas'],
            'UT': ['Utah'],
            'VT': ['Vermont'],
            'VA': ['Virginia'],
            'WA': ['Washington'],
            'WV': ['West Virginia'],
            'WI': ['Wisconsin'],
            'WY': ['Wyoming'],
        },
    }) }}
{%- endmacro %}

{# What we call a state or province, by its code or by any of its names; what is not known (free text, other countries)
   stays as it is. #}
{% macro state_name(country, state) -%}
    case
        {%- for country_code, states in states().items() %}
        when upper({{ country }}) = '{{ country_code }}' then
            case
                {%- for state_code, names in states.items() %}
                when lower({{ state }}) in ('{{ ([state_code] + names) | map('lower') | join("', '") }}') then '{{ names[0] }}'
                {%- endfor %}
                else nullif({{ state }}, '')
            end
        {%- endfor %}
        else nullif({{ state }}, '')
    end
{%- endmacro %}

{# The country of a state or province of that name, where it is one of these; NULL otherwise. #}
{% macro country_of_state(name) -%}
    case
        {%- for country_code, states in states().items() %}
        when lower({{ name }}) in ('{{ states.values() | sum(start=[]) | map('lower') | join("', '") }}') then '{{ country_code }}'
        {%- endfor %}
    end
{%- endmacro %}
