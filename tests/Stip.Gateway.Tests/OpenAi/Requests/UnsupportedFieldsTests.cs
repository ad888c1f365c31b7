using System.Text.Json;
using Stip.Gateway.OpenAi;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.Tests.OpenAi.Requests;

public sealed class UnsupportedFieldsTests
{
    [Theory]
    [InlineData("functions", """[{"name":"f"}]""")]
    [InlineData("suffix", "\"x\"")]
    [InlineData("best_of", "2")]
    [InlineData("guided_json", "{}")]
    [InlineData("guided_choice", """["a","b"]""")]
    [InlineData("structured_outputs", """{"choice":["a","b"]}""")]
    [InlineData("grammar", "\"root ::= x\"")]
    [InlineData("json_schema", "{}")]
    [InlineData("use_beam_search", "true")]
    [InlineData("min_tokens", "5")]
    [InlineData("stop_token_ids", "[3]")]
    [InlineData("include_stop_str_in_output", "true")]
    [InlineData("skip_special_tokens", "false")]
    [InlineData("truncate_prompt_tokens", "9")]
    [InlineData("prompt_logprobs", "1")]
    [InlineData("allowed_token_ids", "[1,2]")]
    [InlineData("bad_words", """["a"]""")]
    [InlineData("no_repeat_ngram_size", "3")]
    [InlineData("typical_p", "0.9")]
    [InlineData("top_a", "0.1")]
    [InlineData("repeat_penalty", "1.1")]
    [InlineData("mirostat", "2")]
    [InlineData("dry_multiplier", "0.8")]
    [InlineData("xtc_probability", "0.5")]
    [InlineData("dynatemp_range", "0.5")]
    [InlineData("chat_template", "\"{{ messages }}\"")]
    [InlineData("add_generation_prompt", "false")]
    [InlineData("continue_final_message", "true")]
    [InlineData("documents", """[{"text":"a"}]""")]
    [InlineData("n_predict", "64")]
    [InlineData("max_new_tokens", "64")]
    [InlineData("top_n_sigma", "1.5")]
    [InlineData("samplers", """["top_k"]""")]
    [InlineData("reasoning_budget", "0")]
    [InlineData("reasoning_format", "\"deepseek\"")]
    [InlineData("regex", "\"a+\"")]
    [InlineData("ebnf", "\"root ::= x\"")]
    [InlineData("stop_regex", "\"a+\"")]
    public void Refuse_WhatWouldChangeTheAnswer_NamesIt(string field, string value)
    {
        var refusal = Assert.Throws<OpenAiException>(() => UnsupportedFields.Refuse(Fields(field, value)));

        Assert.Equal(("unsupported_parameter", field), (refusal.Body.Code, refusal.Body.Param));
    }

    [Theory]
    [InlineData("typical_p", "1.0")]
    [InlineData("no_repeat_ngram_size", "0")]
    [InlineData("bad_words", "[]")]
    [InlineData("repeat_penalty", "1")]
    [InlineData("mirostat", "0")]
    [InlineData("skip_special_tokens", "true")]
    [InlineData("include_stop_str_in_output", "false")]
    [InlineData("add_generation_prompt", "true")]
    [InlineData("continue_final_message", "false")]
    [InlineData("guided_choice", "null")]
    [InlineData("grammar", "\"\"")]
    [InlineData("top_n_sigma", "-1")]
    [InlineData("n_predict", "-1")]
    [InlineData("max_new_tokens", "-1")]
    [InlineData("truncate_prompt_tokens", "-1")]
    [InlineData("reasoning_budget", "-1")]
    [InlineData("reasoning_format", "\"none\"")]
    public void Refuse_WhatAsksForNothing_LetsItThrough(string field, string value) =>
        UnsupportedFields.Refuse(Fields(field, value));

    [Theory]
    [InlineData("""{"max_tokens":64,"max_new_tokens":64,"n_predict":64}""", null)]
    [InlineData("""{"max_tokens":9,"max_completion_tokens":64,"n_predict":64}""", null)]
    [InlineData("""{"max_tokens":64,"max_completion_tokens":9,"n_predict":64}""", "n_predict")]
    [InlineData("""{"max_tokens":64,"max_new_tokens":65}""", "max_new_tokens")]
    [InlineData("""{"max_tokens":64,"max_new_tokens":"64"}""", "max_new_tokens")]
    public void Refuse_OtherNamesOfTheLimit_AreLetThroughWhereTheyAreTheLimit(string body, string? refused)
    {
        var fields = new RequestFields(JsonDocument.Parse(body).RootElement);

        var refusal = Record.Exception(() => UnsupportedFields.Refuse(fields));

        Assert.Equal(refused, (refusal as OpenAiException)?.Body.Param);
    }

    [Theory]
    [InlineData("truncate_prompt_tokens", "-1", false)]
    [InlineData("truncate_prompt_tokens", "null", false)]
    [InlineData("truncate_prompt_tokens", "9", true)]
    public void RefuseOfEmbeddings_WhatWouldMakeAnotherVector_NamesIt(string field, string value, bool isRefused)
    {
        var refusal = Record.Exception(() => UnsupportedFields.RefuseOfEmbeddings(Fields(field, value)));

        Assert.Equal(isRefused ? field : null, (refusal as OpenAiException)?.Body.Param);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RefuseFrame_OtherThanIsMade_NamesTheField(bool areAdded)
    {
        UnsupportedFields.RefuseFrame(Fields("add_special_tokens", "null"), areAdded);
        UnsupportedFields.RefuseFrame(Fields("add_special_tokens", areAdded ? "true" : "false"), areAdded);

        var refusal = Assert.Throws<OpenAiException>(() => UnsupportedFields.RefuseFrame(
            Fields("add_special_tokens", areAdded ? "false" : "true"), areAdded));

        Assert.Equal(("unsupported_parameter", "add_special_tokens"), (refusal.Body.Code, refusal.Body.Param));
    }

    private static RequestFields Fields(string field, string value) =>
        new(JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement>
        {
            [field] = JsonDocument.Parse(value).RootElement,
        }));
}
