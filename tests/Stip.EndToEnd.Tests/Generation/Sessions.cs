using System.Net.Http.Json;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>What a hostile hand does to sessions.</summary>
internal static class Sessions
{
    public static async Task DeleteAllAsync(HttpClient http)
    {
        var address = new Uri(StipRoutes.Sessions, UriKind.Relative);
        var sessions = await http.GetFromJsonAsync<ListObject<SessionObject>>(address, StipJson.Wire);
        foreach (var session in sessions!.Data)
        {
            using var answer = await http.DeleteAsync(new Uri($"{StipRoutes.Sessions}/{session.Id}", UriKind.Relative));
        }
    }
}
