const fetcher = async (asked) => {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(asked),
  });
  return answer.json();
};
const place = document.getElementById("explorer");
ReactDOM.createRoot(place).render(React.createElement(GraphiQL, { fetcher }));
