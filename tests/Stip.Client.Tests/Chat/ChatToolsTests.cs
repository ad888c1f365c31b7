using Microsoft.Extensions.AI;
using Stip.Client.Chat;

namespace Stip.Client.Tests.Chat;

public sealed class ChatToolsTests
{
    [Fact]
    public async Task Turns_ResultOfAFunction_IsReadAsItIsWritten()
    {
        var weather = AIFunctionFactory.Create(() => new { City = "Zürich", Note = "it's < 5 °C", Sky = "晴" });
        var result = await weather.InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);

        foreach (var given in new[] { result, new { city = "Zürich", note = "it's < 5 °C", sky = "晴" } })
        {
            var message = new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", given)]);
            var turn = Assert.Single(ChatTools.Turns(message));
            Assert.Equal("""{"city":"Zürich","note":"it's < 5 °C","sky":"晴"}""", turn.Content);
        }
    }
}
