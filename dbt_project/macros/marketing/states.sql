{# The states and provinces of the countries whose address forms use codes, in the words of the other sources. #}
{% macro states() -%}
    {{ return({
        'ID': {
            'AC': 'Aceh',
            'BA': 'Bali',
            'BB': 'Bangka Belitung',
            'BE': 'Bengkulu',
            'BT': 'Banten',
            'GO': 'Gorontalo',
            'JA': 'Jambi',
            'JB': 'West Java',
            'JI': 'East Java',
            'JK': 'Jakarta',
            'JT': 'Central Java',
            'KB': 'West Kalimantan',
            'KI': 'East Kalimantan',
            'KR': 'Riau Islands',
            'KS': 'South Kalimantan',
            'KT': 'Central Kalimantan',
            'KU': 'North Kalimantan',
            'LA': 'Lampung',
            'MA': 'Maluku',
            'MU': 'North Maluku',
            'NB': 'West Nusa Tenggara',
            'NT': 'East Nusa Tenggara',
            'PA': 'Papua',
            'PB': 'West Papua',
            'RI': 'Riau',
            'SA': 'North Sulawesi',
            'SB': 'West Sumatra',
            'SG': 'Southeast Sulawesi',
            'SN': 'South Sulawesi',
            'SR': 'West Sulawesi',
            'SS': 'South Sumatra',
            'ST': 'Central Sulawesi',
            'SU': 'North Sumatra',
            'YO': 'Yogyakarta',
        },
        'US': {
            'AL': 'Alabama',
            'AK': 'Alaska',
            'AZ': 'Arizona',
            'AR': 'Arkansas',
            'CA': 'California',
            'CO': 'Colorado',
            'CT': 'Connecticut',
            'DE': 'Delaware',
            'DC': 'District of Columbia',
            'FL': 'Florida',
            'GA': 'Georgia',
            'HI': 'Hawaii',
            'ID': 'Idaho',
            'IL': 'Illinois',
            'IN': 'Indiana',
            'IA': 'Iowa',
            'KS': 'Kansas',
            'KY': 'Kentucky',
            'LA': 'Louisiana',
            'ME': 'Maine',
            'MD': 'Maryland',
            'MA': 'Massachusetts',
            'MI': 'Michigan',
            'MN': 'Minnesota',
            'MS': 'Mississippi',
            'MO': 'Missouri',
            'MT': 'Montana',
            'NE': 'Nebraska',
            'NV': 'Nevada',
            'NH': 'New Hampshire',
            'NJ': 'New Jersey',
            'NM': 'New Mexico',
            'NY': 'New York',
            'NC': 'North Carolina',
            'ND': 'North Dakota',
            'OH': 'Ohio',
            'OK': 'Oklahoma',
            'OR': 'Oregon',
            'PA': 'Pennsylvania',
            'RI': 'Rhode Island',
            'SC': 'South Carolina',
            'SD': 'South Dakota',
            'TN': 'Tennessee',
            'TX': 'Texas',
            'UT': 'Utah',
            'VT': 'Vermont',
            'VA': 'Virginia',
            'WA': 'Washington',
            'WV': 'West Virginia',
            'WI': 'Wisconsin',
            'WY': 'Wyoming',
        },
    }) }}
{%- endmacro %}

{# The name of a state or province by the code that address forms use, in the words of the other sources;
   what is no known code (free text, other countries) stays as it is. #}
{% macro state_name(country, state) -%}
    case
        {%- for code, names in states().items() %}
        {%- for state_code, name in names.items() %}
        when upper({{ country }}) = '{{ code }}' and upper({{ state }}) = '{{ state_code }}' then '{{ name }}'
        {%- endfor %}
        {%- endfor %}
        else nullif({{ state }}, '')
    end
{%- endmacro %}

{# The country of a state or province of that name, where it is one of these; NULL otherwise. #}
{% macro country_of_state(name) -%}
    case
        {%- for code, names in states().items() %}
        when {{ name }} in ('{{ names.values() | join("', '") }}') then '{{ code }}'
        {%- endfor %}
    end
{%- endmacro %}
