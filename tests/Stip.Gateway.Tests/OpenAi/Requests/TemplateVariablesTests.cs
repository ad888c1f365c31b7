using System.Text.Json;
using Stip.Gateway.OpenAi;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.Tests.OpenAi.Requests;

/// <summary>Settings of a chat template, as <c>enable_thinking</c> of Qwen 3.</summary>
public sealed class TemplateVariablesTests
{
    private const string Template =
        "{% for message in messages %}{{ message.content }}{% endfor %}"
        + "{% if enable_thinking is defined and not enable_thinking %} Once upon a time{% endif %}";

    [Theory]
    [InlineData("/v1/chat/completions", "messages", "prompt_tokens")]
    [InlineData("/v1/responses", "input", "input_tokens")]
    public async Task Post_WithVariables_HasTheTemplateReadThem(string route, string field, string tokens)
    {
        await using var gateway = await RunningGateway.StartAsync(template: Template);
        var body = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["temperature"] = 0,
            [field] = new[] { new { role = "user", content = "The crow" } },
            [field == "input" ? "max_output_tokens" : "max_tokens"] = 2,
        };

        var plain = await PromptTokensAsync();
        body["chat_template_kwargs"] = new { enable_thinking = true };
        var thinking = await PromptTokensAsync();
        body["chat_template_kwargs"] = new { enable_thinking = false };
        var unthinking = await PromptTokensAsync();

        body.Remove("chat_template_kwargs");
        body["enable_thinking"] = false;
        Assert.Equal(unthinking, await PromptTokensAsync());
        Assert.Equal(plain, thinking);
        Assert.True(unthinking > plain, $"{unthinking} and {plain}");

        async Task<int> PromptTokensAsync()
        {
            var (status, answer) = await gateway.PostAsync(route, body);
            Assert.True(status == 200, $"{answer}");
            return answer.GetProperty("usage").GetProperty(tokens).GetInt32();
        }
    }

    [Theory]
    [InlineData("""{"enable_thinking":false}""", "false", "false")]
    [InlineData("""{"thinking":true}""", "true", "true")]
    [InlineData("""{"thinking":{"type":"disabled"}}""", "false", "false")]
    [InlineData("""{"thinking":{"type":"enabled"},"enable_thinking":false}""", "false", "true")]
    [InlineData("""{"enable_thinking":true,"chat_template_kwargs":{"thinking":"x"}}""", "true", "\"x\"")]
    public void Read_FieldsOfOtherServersForThoughts_AreWhatTemplatesRead(
        string body, string enableThinking, string thinking)
    {
        var variables = TemplateVariables.Read(new RequestFields(JsonDocument.Parse(body).RootElement))!;

        Assert.Equal(
            (enableThinking, thinking),
            (variables["enable_thinking"].GetRawText(), variables["thinking"].GetRawText()));
    }

    [Theory]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":1024}}""", "thinking")]
    [InlineData("""{"thinking":{"type":"adaptive"}}""", "thinking")]
    [InlineData("""{"enable_thinking":"no"}""", "enable_thinking")]
    public void Read_ThoughtsWithALimit_AreRefused(string body, string param)
    {
        var refusal = Assert.Throws<OpenAiException>(
            () => TemplateVariables.Read(new RequestFields(JsonDocument.Parse(body).RootElement)));

        Assert.Equal(("unsupported_parameter", param), (refusal.Body.Code, refusal.Body.Param));
    }

    [Theory]
    [InlineData("true", "invalid_request", "chat_template_kwargs")]
    [InlineData("""{"messages":[]}""", "unsupported_parameter", "chat_template_kwargs.messages")]
    [InlineData("""{"tools":[]}""", "unsupported_parameter", "chat_template_kwargs.tools")]
    public async Task Post_VariablesThatAreNone_NamesThem(string value, string code, string param)
    {
        await using var gateway = await RunningGateway.StartAsync(template: Template);

        var (status, body) = await gateway.PostAsync("/v1/chat/completions", new
        {
            model = "toy",
            messages = new[] { new { role = "user", content = "The crow" } },
            chat_template_kwargs = JsonDocument.Parse(value).RootElement,
        });

        Assert.Equal(400, status);
        Assert.Equal(code, body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(param, body.GetProperty("error").GetProperty("param").GetString());
    }
}
