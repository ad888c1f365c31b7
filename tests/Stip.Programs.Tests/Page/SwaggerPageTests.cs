using Stip.EndToEnd.Kit;

namespace Stip.Programs.Tests.Page;

/// <summary>The server's own page in a browser.</summary>
public sealed class SwaggerPageTests(SharedServer shared, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Nobody = "my-model";

    [Fact]
    public async Task Examples_AreOfTheModelsOfTheKeyThatThePageKeeps()
    {
        await shared.PushedAsync("stories");
        await using var page = await chromium.NewPageAsync();
        await page.GoToAsync(new Uri(shared.Server.Endpoint, "swagger/index.html").ToString());
        await page.WaitForSelectorAsync(".opblock");
        Assert.Equal(Nobody, await ExampleModelAsync());

        // As the page itself keeps what was given to Authorize.
        await page.EvaluateExpressionAsync(
            "void localStorage.setItem('authorized', JSON.stringify({ ApiKey: { name: 'ApiKey', "
            + $"schema: {{ type: 'http', scheme: 'bearer' }}, value: '{shared.Server.ApiKey}' }} }}))");
        await page.ReloadAsync();
        await page.WaitForSelectorAsync(".opblock");
        Assert.NotEqual(Nobody, await ExampleModelAsync());

        Task<string> ExampleModelAsync() => page.EvaluateExpressionAsync<string>(
            "window.ui.specSelectors.specJson().toJS().paths['/v1/permuted/completions'].post.requestBody"
            + ".content['application/json'].example.model");
    }
}
