using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints;

public sealed class OpenApiTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    [Fact]
    public async Task CompletionExample_PostedAsItStands_IsAnswered()
    {
        using var document = await DocumentAsync();
        var example = Operation(document, StipRoutes.Completions).GetProperty("requestBody").GetProperty("content")
            .GetProperty("application/json").GetProperty("example");
        using var body = new StringContent(example.GetRawText(), Encoding.UTF8, "application/json");
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Completions, body);
        var answer = await ApiCaller.ReadAsync<CompletionResponse>(response);
        Assert.Equal(8, answer.Choices[0].Logits.Indices!.Count);
    }

    [Theory]
    [InlineData(StipRoutes.Forward)]
    [InlineData(StipRoutes.Sessions)]
    [InlineData(StipRoutes.ApiKeys)]
    [InlineData(StipRoutes.Uploads)]
    public async Task OtherExamples_PostedAsTheyStand_AreAnswered(string path)
    {
        using var document = await DocumentAsync();
        var example = Operation(document, path).GetProperty("requestBody").GetProperty("content")
            .GetProperty("application/json").GetProperty("example");
        using var body = new StringContent(example.GetRawText(), Encoding.UTF8, "application/json");
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, path, body);
        Assert.True(response.IsSuccessStatusCode, path);
    }

    [Theory]
    [InlineData(StipRoutes.Sessions + "/{id}/fork")]
    [InlineData(StipRoutes.ApiKeys + "/{id}/rotate")]
    [InlineData(StipRoutes.Uploads + "/{id}/complete")]
    public async Task BodiesWithoutARequiredField_HaveExamplesOfTheirOwn(string path)
    {
        // Without one the page makes up zeros, which are refused.
        using var document = await DocumentAsync();
        Assert.True(Operation(document, path).GetProperty("requestBody").GetProperty("content")
            .GetProperty("application/json").TryGetProperty("example", out _));
    }

    [Fact]
    public async Task Document_NamesTheKeyOnEveryOperationButHealth()
    {
        using var document = await DocumentAsync();
        var scheme =
            document.RootElement.GetProperty("components").GetProperty("securitySchemes").GetProperty("ApiKey");
        Assert.Equal("bearer", scheme.GetProperty("scheme").GetString());
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var isAsked =
                    operation.Value.TryGetProperty("security", out var security) && security.GetArrayLength() > 0;
                Assert.NotEqual(path.Name.StartsWith("/health", StringComparison.Ordinal), isAsked);
            }
        }
    }

    [Fact]
    public async Task Document_DescribesBytesAsBase64()
    {
        using var document = await DocumentAsync();
        var data = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("TensorPayload")
            .GetProperty("properties").GetProperty("data");
        Assert.Equal(
            ("string", "byte"), (data.GetProperty("type").GetString(), data.GetProperty("format").GetString()));
    }

    [Fact]
    public async Task Document_ForWhoeverHasNoGoodKey_NamesNoHostedModel()
    {
        var bound = await tiny.Server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("other", [ApiKeyScopes.Infer], ["another-model"]));
        foreach (var key in new[] { null, "stip_no_key_of_this_server", bound.Value })
        {
            var text = await TextAsync(key);
            Assert.Contains("\"my-model\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"tiny", text, StringComparison.Ordinal);
        }

        Assert.Contains("\"tiny\"", await TextAsync(ApiServer.AdminKey), StringComparison.Ordinal);
    }

    private async Task<JsonDocument> DocumentAsync() => JsonDocument.Parse(await TextAsync(ApiServer.AdminKey));

    private async Task<string> TextAsync(string? key)
    {
        using var response = await tiny.Server.Caller(key).SendAsync(HttpMethod.Get, StipRoutes.OpenApi);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static JsonElement Operation(JsonDocument document, string path) =>
        document.RootElement.GetProperty("paths").GetProperty(path).GetProperty("post");
}
